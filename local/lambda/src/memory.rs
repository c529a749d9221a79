//! How much memory a function's process has used at most, which `REPORT` tells.

/// The peak resident memory of a process in MB, rounded up: `VmHWM` of `/proc/PID/status`, proc(5). `None` when the
/// process is gone, or where there is no such file system.
pub(crate) fn peak_mb(process: u32) -> Option<u64> {
    std::fs::read_to_string(format!("/proc/{process}/status")).ok().as_deref().and_then(parse)
}

fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_and_rounded_up() {
        assert_eq!(parse("Name:\tx\nVmPeak:\t  99999 kB\nVmHWM:\t   34817 kB\nVmRSS:\t 1 kB\n"), Some(35));
        assert_eq!(parse("Name:\tzombie\nState:\tZ (zombie)\n"), None);
    }
}
