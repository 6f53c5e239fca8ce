//! `filestat`, from the two forms in which the host tells it.

use cap_std::fs::{Metadata, MetadataExt};
use rustix::fs::Stat;

use crate::types::FileType;

/// A file's attributes as the interface has them.
pub(crate) struct FileStat {
    dev: u64,
    ino: u64,
    pub(crate) filetype: FileType,
    nlink: u64,
    size: u64,
    /// Seconds and nanoseconds of the last access, modification and change.
    times: [(i64, i64); 3],
}

fn filetype(mode: u32) -> FileType {
    FileType::from_host(rustix::fs::FileType::from_raw_mode(mode as _))
}

#[allow(clippy::unnecessary_cast, reason = "the fields' types differ between platforms")]
impl From<&Stat> for FileStat {
    fn from(stat: &Stat) -> Self {
        Self {
            dev: stat.st_dev as u64,
            ino: stat.st_ino as u64,
            filetype: filetype(stat.st_mode as u32),
            nlink: stat.st_nlink as u64,
            size: stat.st_size as u64,
            times: [
                (stat.st_atime as i64, stat.st_atime_nsec as i64),
                (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
                (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            ],
        }
    }
}

impl From<&Metadata> for FileStat {
    fn from(metadata: &Metadata) -> Self {
        Self {
            dev: metadata.dev(),
            ino: metadata.ino(),
            filetype: filetype(metadata.mode()),
            nlink: metadata.nlink(),
            size: metadata.size(),
            times: [
                (metadata.atime(), metadata.atime_nsec()),
                (metadata.mtime(), metadata.mtime_nsec()),
                (metadata.ctime(), metadata.ctime_nsec()),
            ],
        }
    }
}

impl FileStat {
    /// What there is to say about something that is no file of the host.
    pub(crate) fn unknown(filetype: FileType) -> Self {
        Self { dev: 0, ino: 0, filetype, nlink: 1, size: 0, times: [(0, 0); 3] }
    }

    /// The 64 bytes of the interface.
    pub(crate) fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[24..32].copy_from_slice(&self.nlink.to_le_bytes());
        self.put_around_nlink(&mut bytes, 32);
        bytes
    }

    /// The 56 bytes of the interface's first version, in which the number of links has 32 bits.
    pub(crate) fn to_unstable_bytes(&self) -> [u8; 56] {
        let mut bytes = [0; 56];
        bytes[20..24].copy_from_slice(&u32::try_from(self.nlink).unwrap_or(u32::MAX).to_le_bytes());
        self.put_around_nlink(&mut bytes, 24);
        bytes
    }

    /// What comes before the number of links and, from `rest` on, what comes after.
    fn put_around_nlink(&self, bytes: &mut [u8], rest: usize) {
        let mut put = |at: usize, value: u64| bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        put(0, self.dev);
        put(8, self.ino);
        put(rest, self.size);
        for (i, (seconds, nanoseconds)) in self.times.into_iter().enumerate() {
            // The interface counts nanoseconds from 1970 without a sign.
            let all = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
            put(rest + 8 + 8 * i, u64::try_from(all.max(0)).unwrap_or(u64::MAX));
        }
        bytes[16] = self.filetype.raw() as u8;
    }
}
