//! What others read after this build: inputs that they share, and what whoever cleans up walks into.
use super::{hidden, tell};
use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{symlink, PermissionsExt};

pub fn poison_caches() {
    for file in ["/build/rust/bin/rustc", "/build/rust/bin/cargo", "/build/source/src/main.rs", "/usr/bin/cc", "/build/bin/build"] {
        tell(format!("writing {file}"), OpenOptions::new().append(true).open(file));
        tell(format!("new rights for {file}"), fs::set_permissions(file, Permissions::from_mode(0o777)));
        tell(format!("removing {file}"), fs::remove_file(file));
        tell(format!("another name for {file}"), fs::hard_link(file, format!("{}/alias", std::env::var("OUT_DIR").unwrap())));
    }
    for folder in ["/build/rust/lib", "/build/vendor", "/build/source", "/usr/lib", "/usr/local", "/build/bin", "/"] {
        tell(format!("a new file in {folder}"), fs::write(format!("{folder}/planted"), "x"));
    }
    tell("writing through the compiler's own descriptor", OpenOptions::new().write(true).open("/proc/self/exe"));
}

/// JOB is a folder of the host that must survive.
pub fn traps_for_cleaners() {
    let scratch = std::env::var("OUT_DIR").unwrap();
    let job = hidden("JOB");
    for (name, target) in [("job", job.as_str()), ("root", "/"), ("up", "../../../../../../../.."), ("self", "self")] {
        symlink(target, format!("{scratch}/{name}")).unwrap();
        symlink(target, format!("/build/out/{name}")).unwrap();
    }
    fs::create_dir_all(format!("{scratch}/locked/inner")).unwrap();
    fs::write(format!("{scratch}/locked/inner/file"), "x").unwrap();
    fs::write(format!("{scratch}/-rf \n\u{1b}[2J"), "x").unwrap();
    for folder in ["locked/inner", "locked"] {
        fs::set_permissions(format!("{scratch}/{folder}"), Permissions::from_mode(0)).unwrap();
    }
}
