//! A file of machine code (`elf(5)`): how its stack is unwound, and which lines of which sources its code is of. Whatever
//! stands in it is anybody's: what is read has a bound, and a damaged part is as if it weren't there.

use std::cell::OnceCell;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use addr2line::Context;
use framehop::{ExplicitModuleSectionInfo, Module};
use gimli::{EndianArcSlice, NativeEndian};
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{NativeEndian as ElfEndian, Object, ObjectSection, ObjectSymbol, ReadCache, SymbolKind};

use super::library;
use super::maps::CodeMapping;
use super::names;
use crate::model::{CallSite, StackFrame};

type SectionBytes = EndianArcSlice<NativeEndian>;
type ElfFile<'a> = ElfFile64<'a, ElfEndian, &'a ReadCache<&'a File>>;

/// A file that is longer isn't read.
const LONGEST_FILE: u64 = 1 << 30;
/// A part of one that is longer isn't, nor what was compressed and becomes longer.
const LONGEST_SECTION: u64 = 128 << 20;
/// So many functions, and so many bytes of their names, are kept of a file without debug information.
const MOST_SYMBOLS: usize = 1 << 20;
const LONGEST_NAMES: usize = 64 << 20;
/// So deep debug information may be nested: addr2line goes down by calling itself.
const DEEPEST: isize = 512;

/// A file, as far as it was needed.
pub(super) struct CodeFile {
    file: File,
    segments: Vec<CodeSegment>,
    unwinding: ExplicitModuleSectionInfo<Arc<[u8]>>,
    /// When it was changed last.
    pub(super) made: Option<SystemTime>,
    lines: OnceCell<DebugLines>,
    symbols: OnceCell<Vec<FunctionSymbol>>,
    /// Of a program in Go, where the sources of its own packages are.
    go: OnceCell<Option<String>>,
}

/// A part of the file that is loaded to be executed.
struct CodeSegment {
    offset: u64,
    address: u64,
    length: u64,
}

/// What a file's debug information says.
enum DebugLines {
    Known(Box<Context<SectionBytes>>),
    Absent,
    Unreadable,
}

struct FunctionSymbol {
    range: Range<u64>,
    name: Box<str>,
}

impl CodeFile {
    /// `None` where it isn't a file of this machine, or too long.
    pub(super) fn open(file: File) -> Option<CodeFile> {
        let metadata = file.metadata().ok().filter(|metadata| metadata.is_file() && metadata.len() <= LONGEST_FILE)?;
        let (segments, unwinding) = {
            let cache = ReadCache::new(&file);
            let elf = ElfFile::parse(&cache).ok()?;
            (segments(&elf), unwinding(&elf))
        };
        let (lines, symbols, go) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Some(CodeFile { file, segments, unwinding, made: metadata.modified().ok(), lines, symbols, go })
    }

    /// By how much its addresses differ where it is mapped. A segment begins in the middle of a page, in the file and in
    /// memory alike, and the mapping with the page: so it is reckoned from the segment that this part of the file is of.
    pub(super) fn bias(&self, mapping: &CodeMapping) -> Option<u64> {
        let length = mapping.range.end - mapping.range.start;
        let is_mapped = |segment: &&CodeSegment| {
            segment.offset < mapping.offset.saturating_add(length)
                && mapping.offset < segment.offset.saturating_add(segment.length)
        };
        let segment = self.segments.iter().find(is_mapped)?;
        let address = segment.address.wrapping_add(mapping.offset).wrapping_sub(segment.offset);
        Some(mapping.range.start.wrapping_sub(address))
    }

    /// What the unwinder is told of it.
    pub(super) fn module(&self, mapping: &CodeMapping, bias: u64) -> Module<Arc<[u8]>> {
        // So that addresses relative to the module fit 32 bits wherever it was linked to.
        let base = mapping.range.start.wrapping_sub(bias);
        let sections = ExplicitModuleSectionInfo { base_svma: base, ..self.unwinding.clone() };
        Module::new(String::new(), mapping.range.clone(), mapping.range.start, sections)
    }

    /// The functions that an address is in: those that the compiler put into others first.
    pub(super) fn frames(&self, address: u64, in_library: bool) -> Vec<StackFrame> {
        let mut frames = match self.lines() {
            DebugLines::Known(context) => frames(context, address, in_library),
            DebugLines::Absent | DebugLines::Unreadable => Vec::new(),
        };
        if frames.is_empty() {
            frames.push(StackFrame { library: in_library, ..StackFrame::default() });
        }
        let go = self.go_sources();
        for frame in &mut frames {
            frame.address = Some(address);
            frame.library |= frame.file.as_deref().is_some_and(|file| library::is_source(file, go));
        }
        // The function that is really there is the last of them.
        if let Some(frame) = frames.last_mut().filter(|frame| frame.function.is_none()) {
            frame.function = self.symbol(address);
        }
        frames
    }

    /// Whether its debug information is there, but can't be read.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self.lines(), DebugLines::Unreadable)
    }

    fn lines(&self) -> &DebugLines {
        self.lines.get_or_init(|| {
            let cache = ReadCache::new(&self.file);
            ElfFile::parse(&cache).map_or(DebugLines::Unreadable, |elf| lines(&elf))
        })
    }

    fn symbol(&self, address: u64) -> Option<String> {
        let symbols = self.symbols.get_or_init(|| {
            let cache = ReadCache::new(&self.file);
            ElfFile::parse(&cache).map_or(Vec::new(), |elf| symbols(&elf))
        });
        let after = symbols.partition_point(|symbol| symbol.range.start <= address);
        let symbol = symbols[..after].last().filter(|symbol| symbol.range.contains(&address))?;
        Some(names::function(&symbol.name))
    }

    fn go_sources(&self) -> Option<&str> {
        let found = self.go.get_or_init(|| {
            let cache = ReadCache::new(&self.file);
            let elf = ElfFile::parse(&cache).ok()?;
            elf.section_by_name(".gopclntab").or_else(|| elf.section_by_name(".go.buildinfo"))?;
            let runtime = elf.symbols().find(|symbol| symbol.name_bytes() == Ok(b"runtime.main"))?.address();
            let DebugLines::Known(context) = self.lines() else { return None };
            let file = context.find_location(runtime).ok()??.file?.to_owned();
            library::go_sources(&file).map(str::to_owned)
        });
        found.as_deref()
    }
}

fn segments(elf: &ElfFile<'_>) -> Vec<CodeSegment> {
    let executes = |header: &&object::elf::ProgramHeader64<ElfEndian>| {
        header.p_type(ElfEndian) == object::elf::PT_LOAD && header.p_flags(ElfEndian).contains(object::elf::PF_X)
    };
    let segments = elf.elf_program_headers().iter().filter(executes).map(|header| CodeSegment {
        offset: header.p_offset(ElfEndian),
        address: header.p_vaddr(ElfEndian),
        length: header.p_filesz(ElfEndian),
    });
    segments.collect()
}

/// A section's bytes, as they were before they were compressed; `None` where it isn't there.
fn section(elf: &ElfFile<'_>, name: &str) -> Result<Option<Arc<[u8]>>, ()> {
    let Some(section) = elf.section_by_name(name) else { return Ok(None) };
    let compressed = section.compressed_data().map_err(drop)?;
    if compressed.uncompressed_size > LONGEST_SECTION {
        return Err(());
    }
    compressed.decompress().map(|bytes| Some(bytes.into())).map_err(drop)
}

fn unwinding(elf: &ElfFile<'_>) -> ExplicitModuleSectionInfo<Arc<[u8]>> {
    let bytes = |name| section(elf, name).ok().flatten();
    let range = |name| {
        let section = elf.section_by_name(name)?;
        Some(section.address()..section.address().checked_add(section.size())?)
    };
    ExplicitModuleSectionInfo {
        base_svma: 0,
        text_svma: range(".text"),
        got_svma: range(".got"),
        eh_frame_svma: range(".eh_frame"),
        eh_frame: bytes(".eh_frame"),
        eh_frame_hdr_svma: range(".eh_frame_hdr"),
        eh_frame_hdr: bytes(".eh_frame_hdr"),
        debug_frame: bytes(".debug_frame"),
        ..ExplicitModuleSectionInfo::default()
    }
}

fn lines(elf: &ElfFile<'_>) -> DebugLines {
    if elf.section_by_name(".debug_info").is_none() {
        return DebugLines::Absent;
    }
    let empty: Arc<[u8]> = Arc::new([]);
    let load = |id: gimli::SectionId| -> Result<SectionBytes, ()> {
        use gimli::SectionId::*;
        let needed = matches!(
            id,
            DebugAbbrev
                | DebugAddr
                | DebugAranges
                | DebugInfo
                | DebugLine
                | DebugLineStr
                | DebugRanges
                | DebugRngLists
                | DebugStr
                | DebugStrOffsets
        );
        let bytes = if needed { section(elf, id.name())? } else { None };
        Ok(SectionBytes::new(bytes.unwrap_or_else(|| empty.clone()), NativeEndian))
    };
    let Ok(dwarf) = gimli::Dwarf::load(load) else { return DebugLines::Unreadable };
    if is_deep(&dwarf).unwrap_or(true) {
        return DebugLines::Unreadable;
    }
    Context::from_dwarf(dwarf).map_or(DebugLines::Unreadable, |context| DebugLines::Known(Box::new(context)))
}

/// Whether what is told of functions is nested deeper than any compiler does it.
fn is_deep(dwarf: &gimli::Dwarf<SectionBytes>) -> gimli::Result<bool> {
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let abbreviations = dwarf.abbreviations(&header)?;
        let mut entries = header.entries_raw(&abbreviations, None)?;
        while !entries.is_empty() {
            if entries.next_depth() > DEEPEST {
                return Ok(true);
            }
            if let Some(abbreviation) = entries.read_abbreviation()? {
                entries.skip_attributes(abbreviation.attributes())?;
            }
        }
    }
    Ok(false)
}

fn frames(context: &Context<SectionBytes>, address: u64, in_library: bool) -> Vec<StackFrame> {
    let mut found = Vec::new();
    let Ok(mut frames) = context.find_frames(address).skip_all_loads() else { return found };
    while let Ok(Some(frame)) = frames.next() {
        let location = frame.location;
        let function = frame.function.and_then(|name| Some(names::function(&name.raw_name().ok()?)));
        let line = location.as_ref().and_then(|location| location.line).filter(|line| *line > 0);
        let file = location.and_then(|location| location.file.map(names::path));
        found.push(StackFrame { function, file, line, address: None, library: in_library });
        if found.len() == CallSite::MOST_FRAMES {
            break;
        }
    }
    found
}

fn symbols(elf: &ElfFile<'_>) -> Vec<FunctionSymbol> {
    let mut left = LONGEST_NAMES;
    let all = elf.symbols().chain(elf.dynamic_symbols()).filter(|symbol| symbol.kind() == SymbolKind::Text);
    let mut found = Vec::new();
    for symbol in all.take(MOST_SYMBOLS) {
        let Ok(name) = symbol.name_bytes() else { continue };
        let Some(rest) = left.checked_sub(name.len()) else { break };
        left = rest;
        // What is written in assembly may have no length: it reaches to the next one.
        let end = symbol.address().saturating_add(symbol.size().max(1));
        found.push(FunctionSymbol { range: symbol.address()..end, name: String::from_utf8_lossy(name).into() });
    }
    found.sort_by_key(|symbol| symbol.range.start);
    found
}
