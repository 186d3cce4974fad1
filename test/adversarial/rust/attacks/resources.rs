//! More than anybody would lend. PIECE is how much at a time, in bytes.
use super::{say, sys};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

const MIB: usize = 1 << 20;

fn scratch() -> PathBuf {
    PathBuf::from(std::env::var("OUT_DIR").unwrap())
}

fn for_ever() -> ! {
    loop {
        thread::sleep(Duration::from_secs(1000));
    }
}

pub fn fork_bomb() {
    let mut refused = 0;
    while refused < 3 {
        if unsafe { sys::fork() } < 0 {
            refused += 1;
            thread::sleep(Duration::from_millis(50));
        }
    }
    std::process::exit(1);
}

fn fill(bytes: usize) -> Vec<u8> {
    let mut memory = Vec::with_capacity(bytes);
    memory.resize(bytes, 0x5a);
    memory
}

pub fn memory() {
    let mut all = Vec::new();
    loop {
        all.push(fill(16 * MIB));
    }
}

pub fn memory_spread() {
    for _ in 0..10 {
        if unsafe { sys::fork() } == 0 {
            let mine = fill(48 * MIB);
            thread::sleep(Duration::from_secs(1000));
            std::process::exit(mine[0].into());
        }
    }
    for_ever();
}

/// The sandbox's disks in memory.
pub fn memory_disks() {
    for folder in ["/tmp", "/dev/shm", "/dev", "/", "/build"] {
        let path = format!("{folder}/full");
        let result = File::create(&path).and_then(|mut file| (0..1024).try_for_each(|_| file.write_all(&fill(MIB))));
        say(format!("{folder}: {}", result.map_or_else(|error| format!("refused, {error}"), |()| "A WHOLE GIGABYTE".into())));
        let _ = fs::remove_file(&path);
    }
}

pub fn spin() {
    for _ in 0..4 {
        thread::spawn(|| loop {
            std::hint::spin_loop();
        });
    }
    for_ever();
}

pub fn sleep() {
    for number in [1, 2, 3, 15] {
        unsafe { sys::signal(number, 1) };
    }
    for_ever();
}

pub fn disk() {
    let piece = fill(MIB);
    for number in 0.. {
        fs::write(scratch().join(number.to_string()), &piece).unwrap();
    }
}

/// Files that no walk finds, because they have no name.
pub fn disk_unnamed() {
    let piece = fill(4 * MIB);
    let mut held = Vec::new();
    loop {
        let path = scratch().join("unnamed");
        let mut file = File::create(&path).unwrap();
        fs::remove_file(&path).unwrap();
        file.write_all(&piece).unwrap();
        held.push(file);
        thread::sleep(Duration::from_millis(20));
    }
}

/// Nor any descriptor: only mappings hold them.
pub fn disk_mapped() {
    loop {
        let path = scratch().join("mapped");
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        file.write_all(&fill(4 * MIB)).unwrap();
        sys::map(file.as_raw_fd(), 4 * MIB);
        fs::remove_file(&path).unwrap();
        thread::sleep(Duration::from_millis(20));
    }
}

pub fn disk_files() {
    for number in 0.. {
        if number % 500 == 0 {
            fs::create_dir(scratch().join((number / 500).to_string())).unwrap();
        }
        File::create(scratch().join(format!("{}/{number}", number / 500))).unwrap();
    }
}

pub fn disk_deep() {
    let name = "d".repeat(200);
    std::env::set_current_dir(scratch()).unwrap();
    for _ in 0..60 {
        fs::create_dir(&name).unwrap();
        std::env::set_current_dir(&name).unwrap();
    }
    std::process::exit(1);
}
