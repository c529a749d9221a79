//! From tables of items to one picture: what is decoded, of which pieces it is put together, and how it is to be shown.

use super::boxes::{Content, corrupt, shown, unsupported};
use super::meta::{ItemId, Meta};
use super::properties::{Properties, Window};
use super::sequence::{self, Coding, Sequence};
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::orientation::Orientation;

/// The most cells of a grid. Writers use cells of 512 pixels or more: a picture of 120 megapixels has 460 of them.
const MAX_CELLS: usize = 4096;

/// All that there is to know before decoding.
pub(crate) struct Picture<'a> {
    /// The colours, or the grey.
    pub(crate) color: Image<'a>,
    /// A picture of the same size whose first plane is alpha.
    pub(crate) alpha: Option<Image<'a>>,
    /// Whether the colours are multiplied by alpha.
    pub(crate) premultiplied: bool,
    /// The part that is shown.
    pub(crate) window: Window,
    /// What the samples mean, from the container or else from the AV1 data.
    pub(crate) coding: Coding,
    /// The ICC profile.
    pub(crate) profile: Option<&'a [u8]>,
}

/// A coded picture: one cell, or several side by side.
pub(crate) struct Image<'a> {
    pub(crate) size: Size,
    /// Cells in a row.
    pub(crate) columns: u32,
    /// Row by row.
    pub(crate) cells: Vec<Cell<'a>>,
    /// The size of each cell; those at the right and at the bottom may stand out.
    pub(crate) cell: Size,
    /// What the AV1 data of the first cell say; those of the others must say the same.
    pub(crate) sequence: Sequence,
}

/// The AV1 data of one cell.
pub(crate) struct Cell<'a> {
    /// One piece nearly always.
    pub(crate) pieces: Vec<&'a [u8]>,
    /// Which of several versions inside the data is meant.
    pub(crate) operating_point: u8,
}

impl<'a> Cell<'a> {
    fn read(meta: &Meta<'a>, source: &'a [u8], item: ItemId, operating_point: u8) -> Result<Self, Error> {
        Ok(Self { pieces: meta.data(source, item)?, operating_point })
    }

    /// The data in one piece.
    pub(crate) fn data(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// How many bytes they have.
    pub(crate) fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.len()).sum()
    }

    /// The sequence header lies in front, and is never divided.
    fn sequence(&self) -> Result<Sequence, Error> {
        match self.pieces.as_slice() {
            [piece] => sequence::read(piece),
            _ => sequence::read(&self.data()),
        }
    }
}

/// Reads from the properties of the primary item what a header says.
pub(super) fn read_header(meta: &Meta<'_>) -> Result<Header, Error> {
    check_kind(meta, meta.primary)?;
    let properties = Properties::read(meta.properties(meta.primary)?)?;
    let window = window(&properties)?;
    Ok(Header { format: SourceFormat::Avif, stored: window.size, orientation: properties.orientation })
}

/// Finds all parts of the primary item, each of which must lie within the file.
pub(super) fn read<'a>(meta: &Meta<'a>, source: &'a [u8]) -> Result<Picture<'a>, Error> {
    let primary = meta.primary;
    let properties = Properties::read(meta.properties(primary)?)?;
    let (color, first) = Image::read(meta, source, primary, &properties)?;
    let alpha_item = alpha_of(meta, primary)?;
    let alpha = match alpha_item {
        Some(item) => {
            let properties = Properties::read(meta.properties(item)?)?;
            Some(Image::read(meta, source, item, &properties)?.0)
        }
        None => alpha_of_cells(meta, source, &color)?,
    };
    if let Some(alpha) = alpha.as_ref().filter(|alpha| alpha.size != color.size) {
        return Err(corrupt(format!("colours of {} pixels with alpha of {}", color.size, alpha.size)));
    }
    check_amount(source, &color, alpha.as_ref())?;
    Ok(Picture {
        premultiplied: alpha_item
            .is_some_and(|item| meta.referred_by(primary, *b"prem").any(|alpha| alpha == item)),
        window: window(&properties)?,
        coding: properties.coding.or(first.coding).unwrap_or(color.sequence.coding),
        profile: properties.profile.or(first.profile),
        color,
        alpha,
    })
}

/// Several cells may share their bytes, but not so often that a small file becomes endless work.
fn check_amount(source: &[u8], color: &Image<'_>, alpha: Option<&Image<'_>>) -> Result<(), Error> {
    let cells = color.cells.iter().chain(alpha.iter().flat_map(|alpha| &alpha.cells));
    let bytes = cells.fold(0_usize, |bytes, cell| bytes.saturating_add(cell.bytes()));
    if bytes > source.len() {
        return Err(corrupt(format!("its parts have {bytes} bytes, more than the file")));
    }
    Ok(())
}

fn check_kind(meta: &Meta<'_>, item: ItemId) -> Result<(), Error> {
    if item == 0 {
        return Err(corrupt("no primary item"));
    }
    match &meta.kind(item)? {
        b"av01" | b"grid" => Ok(()),
        b"hvc1" | b"hev1" => Err(Error::Unsupported { found: "HEIC".into() }),
        kind => Err(unsupported(&format!("a picture of the kind {}", shown(*kind)))),
    }
}

fn size(properties: &Properties<'_>) -> Result<Size, Error> {
    let size = properties.size.filter(|size| size.width > 0 && size.height > 0);
    size.ok_or_else(|| corrupt("a picture without a size"))
}

/// The clean aperture, or all of the picture.
fn window(properties: &Properties<'_>) -> Result<Window, Error> {
    let size = size(properties)?;
    match properties.aperture {
        Some(aperture) => aperture.window(size),
        None => Ok(Window { x: 0, y: 0, size }),
    }
}

/// The item that is the alpha of `item` (MIAF, 7.3.5).
fn alpha_of(meta: &Meta<'_>, item: ItemId) -> Result<Option<ItemId>, Error> {
    for auxiliary in meta.referring_to(item, *b"auxl") {
        if Properties::read(meta.properties(auxiliary)?)?.is_alpha {
            return Ok(Some(auxiliary));
        }
    }
    Ok(None)
}

/// Some writers give alpha to each cell of a grid instead of to the grid.
fn alpha_of_cells<'a>(
    meta: &Meta<'a>,
    source: &'a [u8],
    color: &Image<'_>,
) -> Result<Option<Image<'a>>, Error> {
    if meta.kind(meta.primary)? != *b"grid" {
        return Ok(None);
    }
    let mut cells = Vec::new();
    for cell in meta.referred_by(meta.primary, *b"dimg") {
        let Some(alpha) = alpha_of(meta, cell)? else { return Ok(None) };
        let properties = Properties::read(meta.properties(alpha)?)?;
        if size(&properties)? != color.cell {
            return Err(corrupt("cells of a grid whose alpha has another size"));
        }
        cells.push(Cell::read(meta, source, alpha, properties.operating_point)?);
    }
    let Some(first) = cells.first() else { return Ok(None) };
    let sequence = first.sequence()?;
    Ok(Some(Image { size: color.size, columns: color.columns, cell: color.cell, sequence, cells }))
}

impl<'a> Image<'a> {
    /// Reads the item, and the properties of its first cell, which are its own if it is no grid.
    fn read(
        meta: &Meta<'a>,
        source: &'a [u8],
        item: ItemId,
        properties: &Properties<'a>,
    ) -> Result<(Self, Properties<'a>), Error> {
        check_kind(meta, item)?;
        let size = size(properties)?;
        if meta.kind(item)? == *b"grid" {
            return Self::read_grid(meta, source, item, size);
        }
        let cell = Cell::read(meta, source, item, properties.operating_point)?;
        let image = Self::single(cell, size)?;
        Ok((image, Properties::default()))
    }

    /// Rows of cells.
    pub(crate) fn bands(&self) -> u32 {
        u32::try_from(self.cells.len()).unwrap_or(u32::MAX) / self.columns.max(1)
    }

    /// A picture of one cell.
    pub(super) fn single(cell: Cell<'a>, size: Size) -> Result<Self, Error> {
        let sequence = cell.sequence()?;
        Ok(Self { size, columns: 1, cell: size, sequence, cells: vec![cell] })
    }

    /// A grid: cells of one size, in rows (ISO/IEC 23008-12, 6.6.2.3).
    fn read_grid(
        meta: &Meta<'a>,
        source: &'a [u8],
        item: ItemId,
        said: Size,
    ) -> Result<(Self, Properties<'a>), Error> {
        let description = meta.data(source, item)?.concat();
        let (columns, rows, size) = read_grid_description(&description)?;
        if size != said {
            return Err(corrupt(format!("a grid of {size} pixels, which is said to have {said}")));
        }
        let items: Vec<ItemId> = meta.referred_by(item, *b"dimg").collect();
        let needed = columns as usize * rows as usize;
        if items.len() != needed {
            return Err(corrupt(format!("a grid of {columns}x{rows} cells of which {} exist", items.len())));
        }
        if needed > MAX_CELLS {
            return Err(unsupported(&format!("more than {MAX_CELLS} cells")));
        }
        let mut first: Option<Properties<'a>> = None;
        let mut cells = Vec::with_capacity(needed);
        for item in items {
            if meta.kind(item)? != *b"av01" {
                return Err(unsupported("a grid of something else than AV1 pictures"));
            }
            let properties = Properties::read(meta.properties(item)?)?;
            if properties.orientation != Orientation::UPRIGHT || properties.aperture.is_some() {
                return Err(unsupported("a grid of cells that are turned or cut"));
            }
            if first.as_ref().is_some_and(|first| first.size != properties.size) {
                return Err(corrupt("a grid of cells of several sizes"));
            }
            cells.push(Cell::read(meta, source, item, properties.operating_point)?);
            first.get_or_insert(properties);
        }
        let (Some(first), Some(sequence)) = (first, cells.first().map(Cell::sequence)) else {
            return Err(corrupt("a grid without cells"));
        };
        let cell = self::size(&first)?;
        let covers = |cell: u32, count: u32, side: u32| {
            let before_last = u64::from(cell) * u64::from(count.saturating_sub(1));
            before_last < u64::from(side) && before_last + u64::from(cell) >= u64::from(side)
        };
        if !covers(cell.width, columns, size.width) || !covers(cell.height, rows, size.height) {
            let detail = format!("a grid of {columns}x{rows} cells of {cell} pixels for {size}");
            return Err(corrupt(detail));
        }
        Ok((Self { size, columns, cells, cell, sequence: sequence? }, first))
    }
}

/// Columns, rows and size of a grid.
fn read_grid_description(description: &[u8]) -> Result<(u32, u32, Size), Error> {
    let mut content = Content::new(*b"grid", description);
    let [_version, flags, rows, columns] = content.array::<4>()?;
    let wide = flags & 1 == 1;
    let size = Size::new(content.item(wide)?, content.item(wide)?);
    Ok((u32::from(columns) + 1, u32::from(rows) + 1, size))
}
