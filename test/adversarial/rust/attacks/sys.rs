//! The C library, without a crate.
use std::ffi::{c_char, c_int, c_long, c_uint, c_ulong, c_void};
use std::io::{Error, Result};

extern "C" {
    pub fn fork() -> c_int;
    pub fn setsid() -> c_int;
    pub fn syscall(number: c_long, ...) -> c_long;
    pub fn signal(number: c_int, handler: usize) -> usize;
    fn socket(family: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn unshare(flags: c_int) -> c_int;
    fn mount(from: *const c_char, to: *const c_char, kind: *const c_char, flags: c_ulong, data: *const c_void) -> c_int;
    fn ptrace(request: c_uint, pid: c_int, address: usize, data: usize) -> c_long;
    fn mkfifo(path: *const c_char, mode: c_uint) -> c_int;
    fn mknod(path: *const c_char, mode: c_uint, device: u64) -> c_int;
    fn setuid(uid: c_uint) -> c_int;
    fn chroot(path: *const c_char) -> c_int;
    fn ioctl(descriptor: c_int, request: c_ulong, ...) -> c_int;
    fn write(descriptor: c_int, bytes: *const c_void, count: usize) -> isize;
    fn mmap(at: *mut c_void, size: usize, rights: c_int, flags: c_int, descriptor: c_int, offset: i64) -> *mut c_void;
    fn sethostname(name: *const c_char, length: usize) -> c_int;
}

fn checked(result: c_long) -> Result<c_long> {
    if result < 0 {
        Err(Error::last_os_error())
    } else {
        Ok(result)
    }
}

pub fn open_socket(family: c_int, kind: c_int) -> Result<c_long> {
    checked(unsafe { socket(family, kind, 0) }.into())
}
pub fn send_signal(pid: c_int, number: c_int) -> Result<c_long> {
    checked(unsafe { kill(pid, number) }.into())
}
pub fn new_namespace(flags: c_int) -> Result<c_long> {
    checked(unsafe { unshare(flags) }.into())
}
pub fn mount_memory(at: &std::ffi::CStr) -> Result<c_long> {
    checked(unsafe { mount(c"none".as_ptr(), at.as_ptr(), c"tmpfs".as_ptr(), 0, std::ptr::null()) }.into())
}
/// PTRACE_ATTACH
pub fn trace(pid: c_int) -> Result<c_long> {
    checked(unsafe { ptrace(16, pid, 0, 0) })
}
pub fn make_fifo(path: &std::ffi::CStr) -> Result<c_long> {
    checked(unsafe { mkfifo(path.as_ptr(), 0o666) }.into())
}
/// The first disk (8, 0).
pub fn make_disk(path: &std::ffi::CStr) -> Result<c_long> {
    checked(unsafe { mknod(path.as_ptr(), 0o60666, 0x800) }.into())
}
pub fn become_root() -> Result<c_long> {
    checked(unsafe { setuid(0) }.into())
}
pub fn change_root() -> Result<c_long> {
    checked(unsafe { chroot(c"/".as_ptr()) }.into())
}
/// TIOCSTI: type a character into a terminal.
pub fn type_into(descriptor: c_int) -> Result<c_long> {
    checked(unsafe { ioctl(descriptor, 0x5412, c"x".as_ptr()) }.into())
}
pub fn write_to(descriptor: c_int, text: &str) -> Result<c_long> {
    checked(unsafe { write(descriptor, text.as_ptr().cast(), text.len()) } as c_long)
}
pub fn rename_host() -> Result<c_long> {
    checked(unsafe { sethostname(c"evil".as_ptr(), 4) }.into())
}
/// Shared, readable and writable.
pub fn map(descriptor: c_int, size: usize) -> *mut c_void {
    unsafe { mmap(std::ptr::null_mut(), size, 3, 1, descriptor, 0) }
}
pub fn call(number: c_long, first: c_long) -> Result<c_long> {
    let zeros = [0u8; 256];
    checked(unsafe { syscall(number, first, zeros.as_ptr(), 0, 0, 0) })
}
