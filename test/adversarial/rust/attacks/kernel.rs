//! Calls that no compiler needs.
use super::{say, sys, tell};
use std::ffi::c_long;
use std::fs;

#[cfg(target_arch = "x86_64")]
const CALLS: [(&str, c_long, c_long); 11] = [
    ("keyctl", 250, 0), ("add_key", 248, 0), ("request_key", 249, 0), ("io_uring_setup", 425, 8), ("bpf", 321, 0), ("perf_event_open", 298, 0),
    ("userfaultfd", 323, 0), ("memfd_create", 319, 0), ("shmget", 29, 0), ("syslog", 103, 3), ("open_by_handle_at", 304, 3),
];
#[cfg(target_arch = "aarch64")]
const CALLS: [(&str, c_long, c_long); 11] = [
    ("keyctl", 219, 0), ("add_key", 217, 0), ("request_key", 218, 0), ("io_uring_setup", 425, 8), ("bpf", 280, 0), ("perf_event_open", 241, 0),
    ("userfaultfd", 282, 0), ("memfd_create", 279, 0), ("shmget", 194, 0), ("syslog", 116, 3), ("open_by_handle_at", 265, 3),
];
const NEW_USER: i32 = 0x1000_0000;
const NEW_MOUNTS: i32 = 0x0002_0000;
const NEW_NETWORK: i32 = 0x4000_0000;

pub fn all() {
    for (name, number, first) in CALLS {
        tell(name, sys::call(number, first));
    }
    tell("a user namespace", sys::new_namespace(NEW_USER));
    tell("a mount namespace", sys::new_namespace(NEW_MOUNTS));
    tell("a network namespace", sys::new_namespace(NEW_NETWORK));
    tell("a mount", sys::mount_memory(c"/tmp"));
    tell("a device", sys::make_disk(c"/tmp/disk"));
    tell("being root", sys::become_root());
    tell("another root", sys::change_root());
    tell("another host name", sys::rename_host());
    tell("a terminal", fs::File::open("/dev/tty"));
    tell("typing for the operator", (0..3).map(sys::type_into).find(Result::is_ok).unwrap_or(sys::type_into(0)));
    tell("a setting of the kernel's", fs::write("/proc/sys/kernel/core_pattern", "|/bin/sh"));
    tell("a way out of memory limits", fs::write("/proc/self/oom_score_adj", "-1000"));
    // bubblewrap tells us on a descriptor how the build ended, and who it is.
    let forged = (3..64).filter(|&descriptor| is_pipe(descriptor) && sys::write_to(descriptor, "{\"exit-code\":0,\"child-pid\":1}\n").is_ok());
    let stolen = (0..64).filter(|each| fs::OpenOptions::new().write(true).open(format!("/proc/1/fd/{each}")).is_ok_and(|file| !is_null(&file)));
    say(format!("descriptors of the supervisor's: {} and {}", forged.count(), stolen.count()));
}

/// Pipes and sockets, but for cargo's own.
fn is_pipe(descriptor: i32) -> bool {
    let target = fs::read_link(format!("/proc/self/fd/{descriptor}")).unwrap_or_default();
    target.to_string_lossy().starts_with("socket:")
}

fn is_null(file: &fs::File) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    file.metadata().is_ok_and(|it| it.file_type().is_char_device() && it.rdev() == 0x103)
}

/// Everything that it may: its own cargo and shell.
pub fn kill_everything() {
    let _ = sys::send_signal(1, 9);
    let _ = sys::send_signal(-1, 9);
}
