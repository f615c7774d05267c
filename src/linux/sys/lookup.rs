//! `getaddrinfo(3)`. The standard library's `ToSocketAddrs` calls it too, but tells no error by its number.

use std::ffi::CString;
use std::net::SocketAddr;

use super::*;
use crate::model::Lookup;

/// At most so many addresses are told.
const MOST: usize = 64;

/// The addresses of a lookup, in libc's order; its hints ask for `SOCK_STREAM`. libc reads files of the calling thread, and opens
/// them in its table of descriptors.
///
/// # Errors
/// What the function returns, a negative number (EAI_…), as the error's. A name with a zero in it is EAI_NONAME: none has.
pub fn addresses(lookup: &Lookup) -> io::Result<Vec<SocketAddr>> {
    let text = |name: &Option<String>| name.as_deref().map(CString::new).transpose();
    let (Ok(node), Ok(service)) = (text(&lookup.node), text(&lookup.service)) else {
        return Err(io::Error::from_raw_os_error(libc::EAI_NONAME));
    };
    let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    // SAFETY: hints of zeros ask for nothing, and have no pointers.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    (hints.ai_family, hints.ai_flags, hints.ai_socktype) = (lookup.family.0, lookup.flags.0, libc::SOCK_STREAM);
    let mut list = std::ptr::null_mut();
    // SAFETY: the names end with a zero, or are NULL; all that is pointed to lives across the call, and the list is written once.
    match unsafe { libc::getaddrinfo(pointer(&node), pointer(&service), &hints, &mut list) } {
        0 => {}
        error => return Err(io::Error::from_raw_os_error(error)),
    }
    let mut found = Vec::new();
    let mut next = list;
    // SAFETY: each entry is libc's until the list is given back below, and so is its address, of the length that stands beside it.
    while let Some(entry) = unsafe { next.as_ref() }.filter(|_| found.len() < MOST) {
        // SAFETY: as said of the loop.
        found.extend(unsafe { address_of(entry) });
        next = entry.ai_next;
    }
    // SAFETY: `list` is what the call has made, and nothing points into it any more.
    unsafe { libc::freeaddrinfo(list) };
    Ok(found)
}

/// The address of an entry; `None` where it is of another family.
///
/// # Safety
/// The entry's address is as long as it says.
// SAFETY: as said above; the copy relies on it.
unsafe fn address_of(entry: &libc::addrinfo) -> Option<SocketAddr> {
    let mut storage = SockAddrStorage::zeroed();
    let length = entry.ai_addrlen.min(storage.size_of());
    // SAFETY: at most as many bytes as the storage has, and as the entry's address has.
    let address = unsafe {
        std::ptr::copy_nonoverlapping(entry.ai_addr.cast::<u8>(), (&raw mut storage).cast(), length as usize);
        SockAddr::new(storage, length)
    };
    address.as_socket()
}
