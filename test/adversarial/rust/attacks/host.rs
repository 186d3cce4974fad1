//! KEY, JOB and CACHE are paths of the host: the signing key, another job's folder, the shared cache. MARK is what the published file begins with.
use super::{hidden, say, tell};
use std::fs;
use std::io::Read;

pub fn snoop() {
    for name in ["KEY", "JOB", "CACHE"] {
        let path = hidden(name);
        tell(format!("{name} as a file"), fs::read(&path));
        tell(format!("{name} as a folder"), fs::read_dir(&path));
        tell(format!("{name} through process 1"), fs::metadata(format!("/proc/1/root{path}")));
    }
    for folder in ["/root", "/home", "/etc/shadow", "/var", "/run", "/sys", "/boot", "/srv", "/opt"] {
        tell(folder, fs::symlink_metadata(folder));
    }
    for file in ["/proc/kcore", "/proc/kmsg", "/dev/mem", "/dev/vda", "/dev/fuse", "/dev/kvm", "/proc/sysrq-trigger"] {
        tell(file, fs::OpenOptions::new().write(true).open(file));
    }
    let mut processes = 0;
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        if entry.file_name().to_string_lossy().parse::<u32>().is_err() {
            continue;
        }
        processes += 1;
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        for variable in environment.split(|&byte| byte == 0).filter(|each| !each.is_empty()) {
            let variable = String::from_utf8_lossy(variable);
            let name = variable.split('=').next().unwrap().to_string();
            // Its own, by name only; whatever else it finds, in full.
            let own = std::env::var(&name).is_ok() || ["PWD", "SHLVL", "_", "OLDPWD"].contains(&name.as_str());
            if !own {
                say(format!("foreign variable: {variable}"));
            }
        }
    }
    say(format!("processes: {}", if processes < 12 { "its own" } else { "TOO MANY" }));
    // It may be taken over, being of the same user: there must be nothing to gain.
    let first = fs::read_to_string("/proc/1/status").unwrap();
    let confined = ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"].iter().all(|each| first.contains(each));
    say(format!("process 1: {}", if confined { "confined as well" } else { "TOO MANY rights" }));
    say(format!("host name: {}", fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim()));
}

/// Looks for the published file wherever there are files, and would build a copy of it.
pub fn hunt() {
    let mark = hidden("MARK");
    let mut looked = 0;
    let mut queue = vec!["/".to_string(), "/proc/1/cwd".into(), "/proc/1/fd".into(), "/proc/self/fd".into()];
    while let Some(folder) = queue.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path().to_string_lossy().into_owned();
            let kind = entry.file_type().unwrap();
            // The toolchain and the system are checked before the build, by digest.
            if kind.is_dir() && !["/proc", "/usr/lib", "/usr/share", "/usr/bin", "/usr/include", "/build/rust"].contains(&path.as_str()) {
                queue.push(path);
            } else if kind.is_file() {
                looked += 1;
                let mut start = vec![0; mark.len()];
                let read = fs::File::open(&path).and_then(|mut file| file.read_exact(&mut start));
                if read.is_ok() && start == mark.as_bytes() {
                    say(format!("FOUND the published file at {path}"));
                }
            }
        }
    }
    say(format!("looked into {} files", if looked > 10 { "all" } else { "TOO FEW" }));
}
