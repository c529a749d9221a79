//! The rows that are still needed, and no others.

/// As many rows as the filter reaches over, each in the place of the one that is not needed any more.
pub(crate) struct Ring {
    bytes: Vec<u8>,
    stride: usize,
}

impl Ring {
    /// A ring of so many rows of `stride` bytes, all zero.
    pub(crate) fn new(rows: usize, stride: usize) -> Self {
        Self { bytes: vec![0; rows * stride], stride }
    }

    /// The place of row number `index` of the source, where the row is that is as many earlier as there are places.
    pub(crate) fn place(&mut self, index: usize) -> &mut [u8] {
        let start = self.start(index);
        &mut self.bytes[start..start + self.stride]
    }

    /// What is in the places of the rows of the source from number `first` on, again and again. Begins at byte `from` of each.
    #[inline(always)]
    #[allow(clippy::inline_always)] // Into the kernels, each of which is compiled for another CPU.
    pub(crate) fn rows(&self, first: usize, from: usize) -> impl Iterator<Item = &[u8]> {
        let mut next = self.start(first);
        std::iter::repeat_with(move || {
            let row = &self.bytes[next + from..next + self.stride];
            next += self.stride;
            if next == self.bytes.len() {
                next = 0;
            }
            row
        })
    }

    fn start(&self, index: usize) -> usize {
        index * self.stride % self.bytes.len()
    }
}
