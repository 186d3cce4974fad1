hostile_macro::attack!();

#[cfg(huge)]
static HUGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/huge"));
#[cfg(not(huge))]
static HUGE: &[u8] = b"small";

fn main() {
    println!("{}", HUGE.len());
}
