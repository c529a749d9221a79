//! Writes JPEGs of every kind that T.81 allows, from coefficients: what no encoder at hand does, and so that a test knows
//! exactly what a decoder should make of it.
#![allow(dead_code, clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

#[rustfmt::skip]
pub const ZIGZAG: [usize; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// One component, with the quantized coefficients of its blocks, each in zigzag order.
#[derive(Clone)]
pub struct Component {
    pub id: u8,
    pub across: usize,
    pub down: usize,
    pub step: u16,
    /// How many blocks there are in a row, with those that fill up MCUs.
    pub blocks_wide: usize,
    pub blocks: Vec<[i32; 64]>,
}

/// What is between the components and the file.
#[derive(Clone, Debug)]
pub struct Picture<'c> {
    pub width: usize,
    pub height: usize,
    pub components: &'c [Component],
    /// Segments before the frame header: marker and parameters.
    pub segments: Vec<(u8, Vec<u8>)>,
    pub restart: u16,
    /// Bits of each Huffman code, 9 to 16, but for these symbols, which have codes of [`SHORT`] bits: at most four.
    pub code_length: u8,
    pub short_codes: &'static [u8],
    /// Whether the height comes in a DNL segment.
    pub late_height: bool,
    /// Whether quantization tables have 16 bits.
    pub wide_steps: bool,
    /// Whether all tables, also those that nobody uses, are written again before each scan.
    pub tables_for_each_scan: bool,
    /// What is put between segments.
    pub stray: Vec<u8>,
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}x{}", self.id, self.across, self.down)
    }
}

/// The bits of the shortest codes, so that several of them are found in one look-up.
const SHORT: u8 = 3;

/// A scan: which components, and for progressive ones Ss, Se, Ah and Al.
#[derive(Clone, Debug)]
pub struct Scan {
    pub components: Vec<usize>,
    pub band: (usize, usize),
    pub high: u8,
    pub low: u8,
}

impl Scan {
    pub fn sequential(components: &[usize]) -> Self {
        Self { components: components.to_vec(), band: (0, 63), high: 0, low: 0 }
    }

    pub fn progressive(components: &[usize], band: (usize, usize), high: u8, low: u8) -> Self {
        Self { components: components.to_vec(), band, high, low }
    }
}

impl<'c> Picture<'c> {
    pub fn new((width, height): (usize, usize), components: &'c [Component]) -> Self {
        Self {
            width,
            height,
            components,
            segments: Vec::new(),
            restart: 0,
            code_length: 9,
            short_codes: &[],
            late_height: false,
            wide_steps: false,
            tables_for_each_scan: false,
            stray: Vec::new(),
        }
    }

    /// The file, with a frame header of this marker.
    pub fn write(&self, frame: u8, scans: &[Scan]) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8];
        for (marker, parameters) in &self.segments {
            self.segment(&mut out, *marker, parameters);
        }
        for (index, component) in self.components.iter().enumerate() {
            let mut table = vec![u8::from(self.wide_steps) << 4 | index as u8];
            for _ in 0..64 {
                let step = component.step.to_be_bytes();
                table.extend(if self.wide_steps { &step[..] } else { &step[1..] });
            }
            self.segment(&mut out, 0xDB, &table);
        }
        let height = if self.late_height { 0 } else { self.height as u16 };
        let mut header = vec![8];
        header.extend(height.to_be_bytes());
        header.extend((self.width as u16).to_be_bytes());
        header.push(self.components.len() as u8);
        for (index, component) in self.components.iter().enumerate() {
            header.extend([component.id, (component.across << 4 | component.down) as u8, index as u8]);
        }
        self.segment(&mut out, frame, &header);
        self.huffman_tables(&mut out, &[0x00, 0x10]);
        if self.restart > 0 {
            self.segment(&mut out, 0xDD, &self.restart.to_be_bytes());
        }
        for (index, scan) in scans.iter().enumerate() {
            if self.tables_for_each_scan {
                self.huffman_tables(&mut out, &[0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13]);
                for place in 0..4 {
                    self.segment(
                        &mut out,
                        0xDB,
                        &[&[place][..], &[self.components[0].step as u8; 64]].concat(),
                    );
                }
            }
            let mut header = vec![scan.components.len() as u8];
            header.extend(scan.components.iter().flat_map(|&component| [self.components[component].id, 0]));
            header.extend([scan.band.0 as u8, scan.band.1 as u8, scan.high << 4 | scan.low]);
            self.segment(&mut out, 0xDA, &header);
            ScanWriter::new(self, scan, frame == 0xC2).write(&mut out);
            if self.late_height && index == 0 {
                self.segment(&mut out, 0xDC, &(self.height as u16).to_be_bytes());
            }
        }
        out.extend(&self.stray);
        out.extend([0xFF, 0xD9]);
        out
    }

    /// For classes and destinations.
    fn huffman_tables(&self, out: &mut Vec<u8>, places: &[u8]) {
        for &place in places {
            let mut table = vec![place];
            let short = self.short_codes.len() as u8;
            table.extend((1..=16).map(|length| match length {
                SHORT => short,
                _ if length == self.code_length => 255 - short,
                _ => 0,
            }));
            table.extend(self.short_codes);
            table.extend((0..=254).filter(|symbol| !self.short_codes.contains(symbol)));
            self.segment(out, 0xC4, &table);
        }
    }

    /// The code of a symbol, and its length.
    fn code(&self, symbol: u32) -> (u32, u32) {
        let is_short = |other: &u8| u32::from(*other) == symbol;
        if let Some(place) = self.short_codes.iter().position(is_short) {
            return (place as u32, SHORT.into());
        }
        let before = self.short_codes.iter().filter(|&&other| u32::from(other) < symbol).count() as u32;
        let first = (self.short_codes.len() as u32) << (self.code_length - SHORT);
        (first + symbol - before, self.code_length.into())
    }

    fn segment(&self, out: &mut Vec<u8>, marker: u8, parameters: &[u8]) {
        out.extend(&self.stray);
        out.extend([0xFF, marker]);
        out.extend((parameters.len() as u16 + 2).to_be_bytes());
        out.extend(parameters);
    }
}

struct ScanWriter<'p> {
    picture: &'p Picture<'p>,
    scan: &'p Scan,
    is_progressive: bool,
    bytes: Vec<u8>,
    bits: u64,
    held: u32,
    predicted: Vec<i32>,
    /// Blocks whose band has ended, and the bits of theirs that come after saying so.
    ended: u32,
    ended_bits: Vec<u32>,
}

impl<'p> ScanWriter<'p> {
    fn new(picture: &'p Picture<'p>, scan: &'p Scan, is_progressive: bool) -> Self {
        let predicted = vec![0; scan.components.len()];
        let (bytes, ended_bits) = (Vec::new(), Vec::new());
        Self { picture, scan, is_progressive, bytes, bits: 0, held: 0, predicted, ended: 0, ended_bits }
    }

    fn write(mut self, out: &mut Vec<u8>) {
        let most = |side: fn(&Component) -> usize| self.picture.components.iter().map(side).max().unwrap();
        let (most_across, most_down) = (most(|one| one.across), most(|one| one.down));
        let is_interleaved = self.scan.components.len() > 1;
        let first = &self.picture.components[self.scan.components[0]];
        let (wide, high) = if is_interleaved {
            (self.picture.width.div_ceil(8 * most_across), self.picture.height.div_ceil(8 * most_down))
        } else {
            let blocks = |side: usize, factor: usize, most: usize| (side * factor).div_ceil(most).div_ceil(8);
            (
                blocks(self.picture.width, first.across, most_across),
                blocks(self.picture.height, first.down, most_down),
            )
        };
        for mcu in 0..wide * high {
            let restart = usize::from(self.picture.restart);
            if restart > 0 && mcu > 0 && mcu.is_multiple_of(restart) {
                self.flush();
                self.bytes.extend([0xFF, 0xD0 + ((mcu / restart - 1) % 8) as u8]);
                self.predicted.fill(0);
            }
            for index in 0..self.scan.components.len() {
                let component = &self.picture.components[self.scan.components[index]];
                let (across, down) = if is_interleaved { (component.across, component.down) } else { (1, 1) };
                for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
                    let row = mcu / wide * down + y;
                    let block = &component.blocks[row * component.blocks_wide + mcu % wide * across + x];
                    self.write_block(index, block);
                }
            }
        }
        self.flush();
        out.extend(self.bytes);
    }

    fn write_block(&mut self, index: usize, block: &[i32; 64]) {
        let low = self.scan.low;
        match (self.scan.band.0, self.scan.high) {
            (0, 0) => {
                let value = block[0] >> low;
                let difference = value - self.predicted[index];
                self.predicted[index] = value;
                let size = size_of(difference);
                self.put_symbol(size);
                self.put_value(difference, size);
                if !self.is_progressive {
                    self.write_band(block, 1, 63);
                    self.end_run();
                }
            }
            (0, _) => self.put((block[0] >> low) as u32 & 1, 1),
            (first, 0) => self.write_band(block, first, self.scan.band.1),
            (first, _) => self.refine_band(block, first, self.scan.band.1),
        }
    }

    /// T.81 F.1.2.2 and G.1.2.2.
    fn write_band(&mut self, block: &[i32; 64], first: usize, last: usize) {
        let mut run = 0;
        for coefficient in &block[first..=last] {
            let absolute = coefficient.abs() >> self.scan.low;
            if absolute == 0 {
                run += 1;
                continue;
            }
            self.end_run();
            while run > 15 {
                self.put_symbol(0xF0);
                run -= 16;
            }
            let value = absolute * coefficient.signum();
            let size = size_of(value);
            self.put_symbol(run << 4 | size);
            self.put_value(value, size);
            run = 0;
        }
        if run > 0 {
            self.end_block();
        }
    }

    /// T.81 G.1.2.3.
    fn refine_band(&mut self, block: &[i32; 64], first: usize, last: usize) {
        let absolute = |index: usize| (block[index].abs() >> self.scan.low) as u32;
        let values: Vec<u32> = (first..=last).map(absolute).collect();
        let last_new = values.iter().rposition(|&value| value == 1);
        let mut run = 0;
        let mut corrections: Vec<u32> = Vec::new();
        for (place, &value) in values.iter().enumerate() {
            if value == 0 {
                run += 1;
                continue;
            }
            while run > 15 && last_new.is_some_and(|last| place <= last) {
                self.end_run();
                self.put_symbol(0xF0);
                corrections.drain(..).for_each(|bit| self.put(bit, 1));
                run -= 16;
            }
            if value > 1 {
                corrections.push(value & 1);
                continue;
            }
            self.end_run();
            self.put_symbol(run << 4 | 1);
            self.put(u32::from(block[first + place] > 0), 1);
            corrections.drain(..).for_each(|bit| self.put(bit, 1));
            run = 0;
        }
        if run > 0 || !corrections.is_empty() {
            self.ended_bits.append(&mut corrections);
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        /// No symbol says more.
        const MOST: u32 = 0x7FFF;
        self.ended += 1;
        if self.ended == MOST {
            self.end_run();
        }
    }

    /// Says how many blocks have ended.
    fn end_run(&mut self) {
        if self.ended > 0 {
            let size = self.ended.ilog2();
            self.put_symbol(size << 4);
            self.put(self.ended & ((1 << size) - 1), size);
            self.ended = 0;
            for bit in std::mem::take(&mut self.ended_bits) {
                self.put(bit, 1);
            }
        }
    }

    fn flush(&mut self) {
        self.end_run();
        let spare = (8 - self.held % 8) % 8;
        self.put((1 << spare) - 1, spare);
    }

    fn put_symbol(&mut self, symbol: u32) {
        let (code, length) = self.picture.code(symbol);
        self.put(code, length);
    }

    fn put_value(&mut self, value: i32, size: u32) {
        let bits = if value < 0 { value - 1 } else { value };
        self.put(bits as u32 & ((1 << size) - 1), size);
    }

    fn put(&mut self, bits: u32, count: u32) {
        self.bits = self.bits << count | u64::from(bits);
        self.held += count;
        while self.held >= 8 {
            self.held -= 8;
            let byte = (self.bits >> self.held) as u8;
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
        self.bits &= (1 << self.held) - 1;
    }
}

fn size_of(value: i32) -> u32 {
    32 - value.abs().leading_zeros()
}
