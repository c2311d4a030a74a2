//! A ZIP archive written in one pass (APPNOTE.TXT 6.3.10): sizes and checksums follow the content.

use std::io::{self, Write};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// Version 2.0: folders and Deflate.
const VERSION: u16 = 20;
/// Bit 3: sizes and checksum follow the content. Bit 11: names are UTF-8. §4.4.4.
const FLAGS: u16 = 1 << 3 | 1 << 11;
/// §4.4.5.
const DEFLATE: u16 = 8;
/// 1 January 1980, midnight: the same table gives the same file. §4.4.6.
const DATE: u16 = 1 << 5 | 1;
const TIME: u16 = 0;

/// An archive that grows.
pub(super) struct Zip<'a> {
    out: Counted<'a>,
    entries: Vec<Entry>,
}

struct Entry {
    name: &'static str,
    offset: u32,
    checksum: u32,
    packed_bytes: u32,
    bytes: u32,
}

impl<'a> Zip<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out: Counted { out, bytes: 0 }, entries: Vec::new() }
    }

    /// Adds a file, whose content `fill` writes.
    pub(super) fn file(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let offset = short(self.out.bytes)?;
        let mut header = 0x0403_4b50_u32.to_le_bytes().to_vec();
        push(&mut header, &[VERSION, FLAGS, DEFLATE, TIME, DATE]);
        // Checksum and both sizes: they follow.
        header.extend([0; 12]);
        push(&mut header, &[name.len() as u16, 0]);
        header.extend(name.as_bytes());
        self.out.write_all(&header)?;

        let begin = self.out.bytes;
        let (checksum, bytes) = pack(&mut self.out, fill)?;
        let packed_bytes = short(self.out.bytes - begin)?;
        for number in [0x0807_4b50, checksum, packed_bytes, bytes] {
            self.out.write_all(&number.to_le_bytes())?;
        }
        self.entries.push(Entry { name, offset, checksum, packed_bytes, bytes });
        Ok(())
    }

    /// Writes the directory.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let begin = short(self.out.bytes)?;
        for entry in &self.entries {
            let mut header = 0x0201_4b50_u32.to_le_bytes().to_vec();
            push(&mut header, &[VERSION, VERSION, FLAGS, DEFLATE, TIME, DATE]);
            for number in [entry.checksum, entry.packed_bytes, entry.bytes] {
                header.extend(number.to_le_bytes());
            }
            // No extra field, no comment, first disk, no attributes.
            push(&mut header, &[entry.name.len() as u16, 0, 0, 0, 0, 0, 0]);
            header.extend(entry.offset.to_le_bytes());
            header.extend(entry.name.as_bytes());
            self.out.write_all(&header)?;
        }
        let length = short(self.out.bytes)? - begin;
        let count = self.entries.len() as u16;
        let mut end = 0x0605_4b50_u32.to_le_bytes().to_vec();
        push(&mut end, &[0, 0, count, count]);
        end.extend(length.to_le_bytes());
        end.extend(begin.to_le_bytes());
        push(&mut end, &[0]);
        self.out.write_all(&end)?;
        self.out.flush()
    }
}

/// Writes a file's content packed; gives its checksum and its size.
fn pack(
    out: &mut Counted<'_>,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<(u32, u32)> {
    let encoder = DeflateEncoder::new(out, Compression::fast());
    let mut packing = Packing { encoder, crc: Crc::new(), bytes: 0 };
    fill(&mut packing)?;
    let (checksum, bytes) = (packing.crc.sum(), short(packing.bytes)?);
    packing.encoder.finish()?;
    Ok((checksum, bytes))
}

fn push(bytes: &mut Vec<u8>, numbers: &[u16]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

/// Beyond 4 GB another format would be needed (§4.3.9.2).
fn short(bytes: u64) -> io::Result<u32> {
    u32::try_from(bytes).map_err(|_| io::Error::other("the file would be larger than 4 GB"))
}

struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let written = self.out.write(part)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Packing<W: Write> {
    encoder: DeflateEncoder<W>,
    crc: Crc,
    bytes: u64,
}

impl<W: Write> Write for Packing<W> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let written = self.encoder.write(part)?;
        self.crc.update(&part[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encoder.flush()
    }
}
