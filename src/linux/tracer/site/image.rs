//! What one process executes, and the stack of one of its threads.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::rc::Rc;
use std::sync::Arc;

use framehop::{CacheNative, MayAllocateDuringUnwind, UnwindRegsNative, Unwinder, UnwinderNative};

use super::binary::CodeFile;
use super::library;
use super::maps::{self, CodeMapping};
use crate::linux::sys::ptrace::Registers;
use crate::linux::tracer::memory::TraceeMemory;

/// So many frames of a stack are looked at.
const DEEPEST: usize = 128;

/// The files that were read, whatever process executes them: by device, inode and time of the last change.
#[derive(Default)]
pub(super) struct CodeFiles(HashMap<FileKey, Option<Rc<CodeFile>>>);

type FileKey = (u64, u64, i64, i64);

/// So many files are kept; then all are forgotten.
const MOST_FILES: usize = 64;

impl CodeFiles {
    fn of(&mut self, process: u32, mapping: &CodeMapping) -> Option<Rc<CodeFile>> {
        // One that was deleted can be opened by the kernel's own link to it, if it is the program itself.
        let by_name = || File::open(format!("/proc/{process}/root{}", mapping.path)).ok();
        let own = || File::open(format!("/proc/{process}/exe")).ok();
        let is_it = |file: &File| file.metadata().is_ok_and(|metadata| metadata.ino() == mapping.inode);
        let file = by_name().filter(is_it).or_else(|| own().filter(is_it))?;
        let metadata = file.metadata().ok()?;
        let key = (metadata.dev(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec());
        if self.0.len() >= MOST_FILES && !self.0.contains_key(&key) {
            self.0.clear();
        }
        self.0.entry(key).or_insert_with(|| CodeFile::open(file).map(Rc::new)).clone()
    }
}

/// What a process executes.
pub(super) struct ProcessImage {
    memory: TraceeMemory,
    modules: Vec<LoadedModule>,
    unwinder: UnwinderNative<Arc<[u8]>, MayAllocateDuringUnwind>,
    cache: CacheNative<MayAllocateDuringUnwind>,
}

/// A file where it is mapped.
pub(super) struct LoadedModule {
    mapping: CodeMapping,
    bias: u64,
    pub(super) binary: Rc<CodeFile>,
    pub(super) library: bool,
}

/// An instruction that a thread is at, or returns to.
pub(super) struct StackAddress<'a> {
    /// What it is in; `None` where that is no file, as of code that was made at run time.
    pub(super) module: Option<&'a LoadedModule>,
    /// Its address in that file, else in memory; of a return address, the one before.
    pub(super) address: u64,
}

impl ProcessImage {
    pub(super) fn of(process: u32) -> ProcessImage {
        let (unwinder, cache) = (UnwinderNative::new(), CacheNative::new());
        ProcessImage { memory: TraceeMemory::of(process), modules: Vec::new(), unwinder, cache }
    }

    /// Looks what is mapped now: a library may have come since.
    pub(super) fn look(&mut self, process: u32, binaries: &mut CodeFiles) {
        let mappings = maps::of(process);
        let ProcessImage { modules, unwinder, .. } = self;
        modules.retain(|module| {
            let stays = mappings.contains(&module.mapping);
            if !stays {
                unwinder.remove_module(module.mapping.range.start);
            }
            stays
        });
        for mapping in mappings {
            if modules.iter().any(|module| module.mapping == mapping) {
                continue;
            }
            let Some(binary) = binaries.of(process, &mapping) else { continue };
            let Some(bias) = binary.bias(&mapping) else { continue };
            unwinder.add_module(binary.module(&mapping, bias));
            let library = library::is_library(&mapping.path) || library::is_runtime(&mapping.path);
            modules.push(LoadedModule { mapping, bias, binary, library });
        }
    }

    /// The stack of a stopped thread, the innermost frame first.
    pub(super) fn stack(&mut self, registers: &Registers) -> Vec<StackAddress<'_>> {
        let ProcessImage { memory, modules, unwinder, cache } = self;
        let mut read = |address| memory.array(address).map(u64::from_ne_bytes).ok_or(());
        #[cfg(target_arch = "x86_64")]
        let begin = UnwindRegsNative::new(registers.instruction, registers.stack, registers.frame);
        #[cfg(target_arch = "aarch64")]
        let begin = {
            // Return addresses may be signed, in the bits that no address of a process has.
            let mask = framehop::aarch64::PtrAuthMask::from_max_known_address(unwinder.max_known_code_address());
            UnwindRegsNative::new_with_ptr_auth_mask(mask, registers.link, registers.stack, registers.frame)
        };
        let mut frames = unwinder.iter_frames(registers.instruction, begin, cache, &mut read);
        let mut addresses = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            addresses.push(frame.address_for_lookup());
            if addresses.len() == DEEPEST {
                break;
            }
        }
        let modules = &*modules;
        let at = |address: u64| {
            let module = modules.iter().find(|module| module.mapping.range.contains(&address));
            StackAddress { module, address: module.map_or(address, |module| address.wrapping_sub(module.bias)) }
        };
        addresses.into_iter().map(at).collect()
    }

    /// The program itself, or what else is there that is no library of the system; and the interpreter that it may be.
    #[cfg(feature = "python-lines")]
    pub(super) fn has_python(&self) -> bool {
        let is_python = |module: &LoadedModule| {
            let name = module.mapping.path.rsplit('/').next().unwrap_or_default();
            let program =
                name.strip_prefix("python").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            program || name == "python" || name.starts_with("libpython")
        };
        self.modules.iter().any(is_python)
    }
}
