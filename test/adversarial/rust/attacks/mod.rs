//! The attacks, one function each. What they find out is told to the build's log; none of them stops at a refusal.
#![allow(dead_code)]
mod files;
mod host;
mod kernel;
mod log;
mod network;
mod output;
mod resources;
mod sys;

use std::fmt::Display;

pub fn run(place: &str) {
    if text("ATTACK_IN").unwrap_or("build-script".into()) != place {
        return;
    }
    match text("ATTACK").unwrap_or_default().as_str() {
        "" => {}
        "network" => network::all(),
        "snoop" => host::snoop(),
        "hunt" => host::hunt(),
        "kernel" => kernel::all(),
        "kill" => kernel::kill_everything(),
        "fork-bomb" => resources::fork_bomb(),
        "memory" => resources::memory(),
        "memory-spread" => resources::memory_spread(),
        "spin" => resources::spin(),
        "sleep" => resources::sleep(),
        "disk" => resources::disk(),
        "disk-unnamed" => resources::disk_unnamed(),
        "disk-mapped" => resources::disk_mapped(),
        "disk-files" => resources::disk_files(),
        "disk-deep" => resources::disk_deep(),
        "memory-disks" => resources::memory_disks(),
        "background" => output::background(),
        "output-link" => output::link(),
        "output-twice" => output::two_names(),
        "output-fifo" => output::fifo(),
        "output-folder" => output::folder(),
        "output-huge" => output::huge(),
        "output-moved" => output::moved(),
        "caches" => files::poison_caches(),
        "traps" => files::traps_for_cleaners(),
        "escapes" => log::escapes(),
        "flood" => log::flood(),
        other => panic!("no attack {other}"),
    }
}

/// A variable of the recipe's.
pub fn text(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A variable in hexadecimal: a recipe's values are words without slashes.
pub fn hidden(name: &str) -> String {
    let hex = text(name).unwrap_or_default();
    let bytes = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap());
    String::from_utf8(bytes.collect()).unwrap()
}

/// A line that cargo shows though the build goes on.
pub fn say(line: impl Display) {
    println!("cargo::warning={line}");
}

/// Whether something that should be refused was.
pub fn tell<T>(what: impl Display, result: std::io::Result<T>) {
    match result {
        Ok(_) => say(format!("{what}: DONE")),
        Err(error) => say(format!("{what}: refused, {error}")),
    }
}
