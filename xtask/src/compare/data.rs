//! The files that are moved, and whether they arrived.

use std::{
    fs::{self, File},
    io::{Read, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use super::process;

const MIB: usize = 1 << 20;

/// Files that a scenario moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// One file of this many bytes.
    Big(u64),
    /// So many files of this many bytes.
    Small(u32, u64),
}

impl Set {
    /// The directory of the set, below the root of all data.
    pub(super) fn directory(&self) -> String {
        match self {
            Self::Big(size) => format!("big-{size}"),
            Self::Small(count, size) => format!("small-{count}x{size}"),
        }
    }

    /// The names of the files, all in that directory.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Big(_) => vec!["file".to_owned()],
            Self::Small(count, _) => (0..*count).map(|at| format!("f{at:05}")).collect(),
        }
    }

    /// How many bytes each file has.
    pub(super) const fn size(&self) -> u64 {
        match self {
            Self::Big(size) | Self::Small(_, size) => *size,
        }
    }

    /// How many bytes all of them have.
    pub(super) const fn bytes(&self) -> u64 {
        match self {
            Self::Big(size) => *size,
            Self::Small(count, size) => *count as u64 * *size,
        }
    }

    /// Makes the files below `root`, of bytes that no compression makes smaller.
    pub(super) fn make(&self, root: &Path) -> anyhow::Result<()> {
        let directory = root.join(self.directory());
        if directory.exists() {
            return Ok(());
        }
        fs::create_dir_all(&directory)?;
        let mut block = vec![0; MIB];
        for name in self.names() {
            let path = directory.join(name);
            let mut file = File::create(&path)?;
            let mut left = self.size();
            while left > 0 {
                let part = left.min(MIB as u64) as usize;
                getrandom::fill(&mut block[..part]).context("no random bytes")?;
                file.write_all(&block[..part])
                    .with_context(|| format!("{} cannot be filled", path.display()))?;
                left -= part as u64;
            }
        }
        Ok(())
    }

    /// Makes the files below `root` as holes: they have their sizes, and need no memory.
    pub(super) fn make_holes(&self, root: &Path) -> anyhow::Result<()> {
        let directory = root.join(self.directory());
        fs::create_dir_all(&directory)?;
        for name in self.names() {
            let path = directory.join(name);
            let made = File::create(&path).and_then(|file| file.set_len(self.size()));
            made.with_context(|| format!("{} cannot be made", path.display()))?;
        }
        Ok(())
    }

    /// Whether a directory holds the files of the set, and how many bytes they have.
    pub(super) fn check_sizes(&self, there: &Path) -> anyhow::Result<u64> {
        let mut bytes = 0;
        for name in self.names() {
            let path = there.join(name);
            let found = fs::metadata(&path)
                .with_context(|| format!("{} did not arrive", path.display()))?
                .len();
            ensure!(
                found == self.size(),
                "{} has {found} bytes, not {}",
                path.display(),
                self.size()
            );
            bytes += found;
        }
        Ok(bytes)
    }

    /// Whether each file of a directory is that of the set, byte by byte.
    pub(super) fn check_content(&self, root: &Path, there: &Path) -> anyhow::Result<()> {
        let here = root.join(self.directory());
        for name in self.names() {
            let (ours, theirs) = (here.join(&name), there.join(&name));
            ensure!(
                is_same(&ours, &theirs)?,
                "{} differs from what was sent",
                theirs.display()
            );
        }
        Ok(())
    }
}

fn is_same(ours: &Path, theirs: &Path) -> anyhow::Result<bool> {
    let open = |path: &Path| {
        File::open(path).with_context(|| format!("{} cannot be opened", path.display()))
    };
    let (mut ours, mut theirs) = (open(ours)?, open(theirs)?);
    if ours.metadata()?.len() != theirs.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (vec![0; MIB], vec![0; MIB]);
    loop {
        let read = ours.read(&mut one)?;
        if read == 0 {
            return Ok(true);
        }
        theirs.read_exact(&mut other[..read])?;
        if one[..read] != other[..read] {
            return Ok(false);
        }
    }
}

/// The directories of a comparison. All of them go when this does.
#[derive(Debug)]
pub(super) struct Site {
    directory: tempfile::TempDir,
    is_shared: bool,
}

impl Site {
    /// Makes them below a directory, which should be in memory.
    pub(super) fn new(parent: &Path) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("ftpkit-compare-")
            .tempdir_in(parent)
            .with_context(|| format!("no directory can be made in {}", parent.display()))?;
        let site = Self {
            directory,
            is_shared: false,
        };
        for made in [site.root(), site.downloads(), site.private()] {
            fs::create_dir_all(made)?;
        }
        Ok(site)
    }

    /// The same for servers that work as somebody else, who may read what they serve and write
    /// what is put.
    pub(super) fn shared(parent: &Path) -> anyhow::Result<Self> {
        let mut site = Self::new(parent)?;
        site.is_shared = true;
        // The helpers of some look for theirs as somebody without rights.
        for directory in [site.directory.path(), &site.root(), &site.private()] {
            open_to_all(directory, false)?;
        }
        Ok(site)
    }

    /// What servers serve.
    pub(super) fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// Where clients put what they get.
    pub(super) fn downloads(&self) -> PathBuf {
        self.directory.path().join("downloads")
    }

    /// Keys, configurations, logs.
    pub(super) fn private(&self) -> PathBuf {
        self.directory.path().join("private")
    }

    /// Takes away what the last run has made, and makes an empty directory for each stream.
    pub(super) fn clear(&self, streams: usize) -> anyhow::Result<()> {
        for parent in [self.downloads(), self.uploads()] {
            if parent.exists() {
                fs::remove_dir_all(&parent)?;
            }
            for stream in 0..streams {
                let directory = parent.join(stream.to_string());
                fs::create_dir_all(&directory)?;
                if self.is_shared {
                    open_to_all(&directory, true)?;
                }
            }
            if self.is_shared && streams > 0 {
                open_to_all(&parent, true)?;
            }
        }
        Ok(())
    }

    /// Where servers put what they are given.
    pub(super) fn uploads(&self) -> PathBuf {
        self.root().join("up")
    }
}

/// Lets everybody reach a directory, and with `write` put files into it.
fn open_to_all(directory: &Path, write: bool) -> anyhow::Result<()> {
    let mode = if write { "777" } else { "755" };
    let path = directory.to_str().context("a path that is no text")?;
    process::output(Path::new("chmod"), &[mode, path]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_arrive_whole_is_found() {
        let site = Site::new(&std::env::temp_dir()).expect("a directory");
        let set = Set::Small(3, 5000);
        set.make(&site.root()).expect("files");
        site.clear(1).expect("an empty directory");
        let there = site.downloads().join("0");
        let here = site.root().join(set.directory());
        assert!(set.check_sizes(&there).is_err());
        for name in set.names() {
            fs::copy(here.join(&name), there.join(&name)).expect("a copy");
        }
        assert_eq!(set.check_sizes(&there).expect("all there"), 15_000);
        set.check_content(&site.root(), &there).expect("the same");

        let mut bytes = fs::read(there.join("f00002")).expect("a file");
        bytes[4999] ^= 1;
        fs::write(there.join("f00002"), &bytes).expect("written");
        assert!(set.check_sizes(&there).is_ok());
        assert!(set.check_content(&site.root(), &there).is_err());
        fs::write(there.join("f00002"), &bytes[..4999]).expect("written");
        assert!(set.check_sizes(&there).is_err());
    }
}
