//! Files, plain or gzipped, as bytes and as a source.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

#[cfg(feature = "csv")]
use super::CsvReader;
use super::{Item, JsonLinesReader, Record, Reject, Source, input, io as failed};
use crate::error::Result;
use crate::page::{Cursor, Page};

/// The bytes of a file, unpacked where it is gzipped.
pub struct Input(Box<dyn Read + Send>);

impl Input {
    fn new(bytes: impl Read + Send + 'static) -> Self {
        Self(Box::new(bytes))
    }
}

impl Read for Input {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input(…)")
    }
}

/// The first bytes of a gzipped file (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Opens a file from its `offset`-th unpacked byte on.
pub(super) fn open(path: &Path, offset: u64) -> Result<Input> {
    let mut file = File::open(path).map_err(failed)?;
    let mut start = Vec::with_capacity(GZIP.len());
    file.by_ref().take(GZIP.len() as u64).read_to_end(&mut start).map_err(failed)?;
    if start == GZIP {
        let mut unpacked = unpack(io::Cursor::new(start).chain(file))?;
        let skipped = io::copy(&mut unpacked.by_ref().take(offset), &mut io::sink());
        return if skipped.map_err(failed)? == offset { Ok(unpacked) } else { Err(beyond()) };
    }
    if offset == 0 {
        // A pipe cannot be wound back.
        return Ok(Input::new(io::Cursor::new(start).chain(file)));
    }
    if file.seek(SeekFrom::End(0)).map_err(failed)? < offset {
        return Err(beyond());
    }
    file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    Ok(Input::new(file))
}

fn beyond() -> crate::error::Error {
    input("the place to go on from lies beyond the end of the file")
}

#[cfg(feature = "csv")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
fn unpack(packed: impl Read + Send + 'static) -> Result<Input> {
    let packed = io::BufReader::with_capacity(64 * 1024, packed);
    Ok(Input::new(flate2::bufread::MultiGzDecoder::new(packed)))
}

#[cfg(not(feature = "csv"))]
fn unpack(_packed: impl Read + Send + 'static) -> Result<Input> {
    Err(input("the file is gzipped, which needs the feature `csv`"))
}

/// A source that reads a file: comma-separated values or JSON Lines, plain or gzipped.
///
/// It opens the file when it is first read, and again where a cursor is not the one it stands at;
/// a gzipped file is then unpacked from its beginning.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    format: Format,
    limit: Option<usize>,
    reader: Option<Reader>,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    #[cfg(feature = "csv")]
    Csv,
    JsonLines,
}

#[derive(Debug)]
enum Reader {
    #[cfg(feature = "csv")]
    Csv(CsvReader<Input>),
    JsonLines(JsonLinesReader<Input>),
}

impl FileSource {
    /// A table of comma-separated values with a header, read as by [`CsvReader`].
    #[cfg(feature = "csv")]
    pub fn csv(path: impl Into<PathBuf>) -> Self {
        Self::new(path.into(), Format::Csv)
    }

    /// JSON Lines, read as by [`JsonLinesReader`].
    pub fn json_lines(path: impl Into<PathBuf>) -> Self {
        Self::new(path.into(), Format::JsonLines)
    }

    /// The same source with another size limit for a record, in bytes.
    #[must_use]
    pub fn max_record_bytes(self, limit: usize) -> Self {
        Self { limit: Some(limit), ..self }
    }

    fn new(path: PathBuf, format: Format) -> Self {
        Self { path, format, limit: None, reader: None }
    }

    /// The reader at `after`: the one that stands there, or a new one.
    fn reader(&mut self, after: Option<&Cursor>) -> Result<Reader> {
        match (self.reader.take(), after) {
            (Some(reader), Some(cursor)) if reader.cursor() == *cursor => Ok(reader),
            _ => self.format.open(&self.path, after, self.limit),
        }
    }

    fn page(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Page<Item>> {
        let mut reader = self.reader(after)?;
        let mut items = Vec::new();
        while items.len() < limit {
            match reader.next_record()? {
                Some(item) => items.push(item),
                None => return Ok(Page::new(items, None)),
            }
        }
        let next = reader.cursor();
        // Dropped at the end and after an error: both begin anew.
        self.reader = Some(reader);
        Ok(Page::new(items, Some(next)))
    }
}

impl Format {
    fn open(self, path: &Path, after: Option<&Cursor>, limit: Option<usize>) -> Result<Reader> {
        Ok(match self {
            #[cfg(feature = "csv")]
            Self::Csv => {
                let reader = match after {
                    Some(cursor) => CsvReader::resume(path, cursor)?,
                    None => CsvReader::new(open(path, 0)?)?,
                };
                Reader::Csv(match limit {
                    Some(limit) => reader.max_record_bytes(limit),
                    None => reader,
                })
            }
            Self::JsonLines => {
                let reader = match after {
                    Some(cursor) => JsonLinesReader::resume(path, cursor)?,
                    None => JsonLinesReader::new(open(path, 0)?)?,
                };
                Reader::JsonLines(match limit {
                    Some(limit) => reader.max_record_bytes(limit),
                    None => reader,
                })
            }
        })
    }
}

impl Reader {
    fn next_record(&mut self) -> Result<Option<Result<Record, Reject>>> {
        match self {
            #[cfg(feature = "csv")]
            Self::Csv(reader) => reader.next_record(),
            Self::JsonLines(reader) => reader.next_record(),
        }
    }

    fn cursor(&self) -> Cursor {
        match self {
            #[cfg(feature = "csv")]
            Self::Csv(reader) => reader.cursor(),
            Self::JsonLines(reader) => reader.cursor(),
        }
    }
}

#[async_trait]
impl Source for FileSource {
    async fn read(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Page<Item>> {
        self.page(after, limit.max(1)).map_err(|error| error.within(self.path.display()))
    }
}
