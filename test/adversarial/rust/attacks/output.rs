//! The output is /build/out/artifact, where the build puts it after this has run.
use super::{sys, tell};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::thread;
use std::time::Duration;

const ARTIFACT: &str = "/build/out/artifact";

/// Stays behind when the build has ended, and goes on changing the output.
pub fn background() {
    if unsafe { sys::fork() } != 0 {
        return;
    }
    unsafe { sys::setsid() };
    for number in [1, 2, 3, 15] {
        unsafe { sys::signal(number, 1) };
    }
    if unsafe { sys::fork() } != 0 {
        std::process::exit(0);
    }
    // cargo waits until nobody holds its pipes.
    for descriptor in 0..64 {
        unsafe { close(descriptor) };
    }
    loop {
        // Only once somebody could have digested it.
        thread::sleep(Duration::from_millis(500));
        if let Ok(mut file) = OpenOptions::new().append(true).open(ARTIFACT) {
            let _ = file.write_all(b"changed afterwards");
        }
    }
}

extern "C" {
    fn close(descriptor: i32) -> i32;
}

pub fn link() {
    symlink("/tmp/elsewhere", ARTIFACT).unwrap();
    File::create("/tmp/elsewhere").unwrap();
}

pub fn two_names() {
    File::create(ARTIFACT).unwrap();
    fs::hard_link(ARTIFACT, "/build/out/second").unwrap();
}

pub fn fifo() {
    sys::make_fifo(c"/build/out/artifact").unwrap();
}

pub fn folder() {
    fs::create_dir(ARTIFACT).unwrap();
}

/// Sparse here; the program that holds it is not.
pub fn huge() {
    let file = File::create(format!("{}/huge", std::env::var("OUT_DIR").unwrap())).unwrap();
    file.set_len(24 << 20).unwrap();
    println!("cargo::rustc-cfg=huge");
}

/// The folder itself, in exchange for another.
pub fn moved() {
    tell("moving the folder", fs::rename("/build/out", "/build/away"));
    tell("removing the folder", fs::remove_dir("/build/out"));
    tell("a link in its place", symlink("/tmp", "/build/out"));
}
