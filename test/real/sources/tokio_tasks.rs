// Tasks of tokio's that await reads through io_uring, by a driver of their own that numbers its operations as
// tokio-uring does, or keeps the waker in what user_data points to, as compio does.
use std::ffi::{c_long, c_void};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn mmap(at: *mut c_void, length: usize, protection: i32, flags: i32, fd: i32, offset: i64) -> *mut c_void;
    fn pipe(ends: *mut i32) -> i32;
}

const SETUP: c_long = 425;
const ENTER: c_long = 426;
const READ: u8 = 22;

/// The offsets of io_uring_params: sq_off.tail, sq_off.array.
const SQ_TAIL: usize = 44;
const SQ_ARRAY: usize = 64;

struct Ring {
    fd: i32,
    tail: *mut u32,
    array: *mut u32,
    sqes: *mut u8,
    buffer: *mut u8,
    armed: Vec<String>,
}
unsafe impl Send for Ring {}
static RING: Mutex<Option<Ring>> = Mutex::new(None);

fn open() {
    let mut params = [0u8; 120];
    let at = |params: &[u8; 120], offset: usize| u32::from_ne_bytes(params[offset..offset + 4].try_into().unwrap()) as usize;
    unsafe {
        let fd = syscall(SETUP, 16 as c_long, params.as_mut_ptr()) as i32;
        assert!(fd >= 0);
        let array = at(&params, SQ_ARRAY);
        let queue = mmap(std::ptr::null_mut(), array + 64, 3, 1, fd, 0) as *mut u8;
        let sqes = mmap(std::ptr::null_mut(), 16 * 64, 3, 1, fd, 0x10000000) as *mut u8;
        let tail = queue.add(at(&params, SQ_TAIL)) as *mut u32;
        let buffer = Box::into_raw(Box::new([0u8; 64])) as *mut u8;
        let array = queue.add(array) as *mut u32;
        *RING.lock().unwrap() = Some(Ring { fd, tail, array, sqes, buffer, armed: Vec::new() });
    }
}

/// Submits a read of a pipe that nobody writes to.
fn arm(name: &str, user_data: u64) {
    let mut guard = RING.lock().unwrap();
    let ring = guard.as_mut().unwrap();
    let mut ends = [0i32; 2];
    unsafe {
        assert_eq!(pipe(ends.as_mut_ptr()), 0);
        let index = *ring.tail & 15;
        let sqe = ring.sqes.add(index as usize * 64);
        std::ptr::write_bytes(sqe, 0, 64);
        *sqe = READ;
        *(sqe.add(4) as *mut i32) = ends[0];
        *(sqe.add(16) as *mut u64) = ring.buffer as u64;
        *(sqe.add(24) as *mut u32) = 64;
        *(sqe.add(32) as *mut u64) = user_data;
        *ring.array.add(index as usize) = index;
        std::ptr::write_volatile(ring.tail, *ring.tail + 1);
        assert_eq!(syscall(ENTER, ring.fd as c_long, 1 as c_long, 0 as c_long, 0 as c_long, 0 as c_long, 0 as c_long), 1);
    }
    ring.armed.push(format!("{name} {user_data:#x}"));
}

mod driver {
    use super::*;

    pub enum Lifecycle {
        Waiting(Waker),
    }

    static SLAB: Mutex<Vec<Lifecycle>> = Mutex::new(Vec::new());

    /// An operation that has a number.
    pub struct Op {
        pub name: &'static str,
        pub index: Option<usize>,
    }

    impl Future for Op {
        type Output = usize;
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
            if self.index.is_none() {
                let mut slab = SLAB.lock().unwrap();
                slab.push(Lifecycle::Waiting(context.waker().clone()));
                let index = slab.len() + 16;
                self.index = Some(index);
                arm(self.name, index as u64);
            }
            Poll::Pending
        }
    }

    /// What user_data points to.
    #[repr(C)]
    pub struct RawOp {
        pub flags: u64,
        pub waker: Option<Waker>,
    }

    /// An operation that has an address.
    pub struct Pointed {
        pub name: &'static str,
        pub raw: Box<RawOp>,
    }

    impl Future for Pointed {
        type Output = usize;
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
            if self.raw.waker.is_none() {
                self.raw.waker = Some(context.waker().clone());
                let address = &*self.raw as *const RawOp as u64;
                arm(self.name, address);
            }
            Poll::Pending
        }
    }
}

async fn read_block(name: &'static str) -> usize {
    driver::Op { name, index: None }.await // here: read_block
}

async fn read_header(name: &'static str) -> usize {
    let raw = Box::new(driver::RawOp { flags: 7, waker: None });
    driver::Pointed { name, raw }.await // here: read_header
}

/// Waits for an operation of another ring, which has the same number.
async fn read_same(name: &'static str) -> usize {
    driver::Op { name, index: Some(17) }.await // here: read_same
}

async fn handle_client(name: &'static str) -> usize {
    let first = read_block(name).await; // here: handle_client
    first + 1
}

async fn handle_other(name: &'static str) -> usize {
    let limit = tokio::time::timeout(Duration::from_secs(3600), read_header(name));
    limit.await.unwrap_or(0) // here: handle_other
}

async fn handle_runnable(name: &'static str) -> usize {
    read_header(name).await // here: handle_runnable
}

async fn idle() {
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

async fn main_loop() {
    tokio::spawn(idle());
    tokio::spawn(handle_client("first"));
    tokio::spawn(handle_client("second"));
    tokio::spawn(handle_other("pointed"));
    let boxed: Pin<Box<dyn Future<Output = usize> + Send>> = Box::pin(handle_client("boxed"));
    tokio::spawn(boxed);
    if std::env::args().next().unwrap().contains("same") {
        tokio::spawn(read_same("same"));
    }
    if std::env::args().next().unwrap().contains("runnable") {
        let (runnable, task) = async_task::spawn(handle_runnable("runnable"), |_| {});
        runnable.run();
        task.detach();
    }
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let guard = RING.lock().unwrap();
        let armed = &guard.as_ref().unwrap().armed;
        if armed.len() >= 4 {
            println!("{}\nnobody 0x63\nready", armed.join("\n"));
            break;
        }
    }
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

fn main() {
    open();
    // Its name says on which of tokio's runtimes.
    let mut builder = if std::env::args().next().unwrap().ends_with("threads") {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    builder.enable_time().build().unwrap().block_on(main_loop());
}
