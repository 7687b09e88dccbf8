// Futures that await reads through io_uring, on an executor of its own: nothing but std and the system calls.
use std::ffi::{c_long, c_void};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

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
        *RING.lock().unwrap() = Some(Ring { fd, tail, array, sqes, buffer });
    }
}

/// Submits a read of a pipe that nobody writes to.
fn arm(name: &str, user_data: u64) {
    let guard = RING.lock().unwrap();
    let ring = guard.as_ref().unwrap();
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
        *ring.tail += 1;
        syscall(ENTER, ring.fd as c_long, 1 as c_long, 0 as c_long, 0 as c_long, 0 as c_long, 0 as c_long);
    }
    println!("{name} {user_data:#x}");
}

mod io {
    use super::*;

    /// What the kernel is given: who is to be woken.
    pub struct Operation {
        pub number: u64,
        pub waker: Option<Waker>,
    }

    /// user_data is the address of the operation.
    pub struct Read {
        pub name: &'static str,
        pub operation: Option<Box<Operation>>,
    }
    impl Future for Read {
        type Output = i32;
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<i32> {
            if self.operation.is_none() {
                let operation = Box::new(Operation { number: 7, waker: Some(context.waker().clone()) });
                arm(self.name, &*operation as *const Operation as u64);
                self.operation = Some(operation);
            }
            Poll::Pending
        }
    }

    /// user_data is an index into a list that the executor has.
    pub struct Indexed;
    impl Future for Indexed {
        type Output = i32;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<i32> {
            arm("index", 3);
            Poll::Pending
        }
    }
}

async fn ready() -> i32 {
    1
}

mod store {
    pub async fn read_header(name: &'static str) -> i32 {
        let first = super::ready().await;
        let read = super::io::Read { name, operation: None };
        let second = read.await; // here: read_header
        first + second
    }
}

async fn handle_client(name: &'static str, number: i32) -> i32 {
    let early = ready().await;
    let text = format!("client {number}");
    let size = store::read_header(name).await; // here: handle_client
    size + text.len() as i32 + early
}

async fn serve(name: &'static str) {
    let mut total = 0;
    for number in 0..3 {
        total += handle_client(name, number).await; // here: serve
    }
    println!("{total}");
}

async fn boxed() {
    serve_dynamic("boxed").await; // here: boxed
}

fn serve_dynamic(name: &'static str) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move { // here: block
        let early = ready().await;
        Box::pin(serve(name)).await; // here: in block
        println!("{early}");
    })
}

async fn wait_indexed() {
    io::Indexed.await;
}

struct Task {
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}
impl Wake for Task {
    fn wake(self: Arc<Self>) {
        run(self);
    }
}

fn run(task: Arc<Task>) {
    let waker = Waker::from(task.clone());
    let mut context = Context::from_waker(&waker);
    let mut future = task.future.lock().unwrap();
    if let Some(inner) = future.as_mut() {
        if inner.as_mut().poll(&mut context).is_ready() {
            *future = None;
        }
    }
}

fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Arc<Task> {
    let task = Arc::new(Task { future: Mutex::new(Some(Box::pin(future))) });
    run(task.clone());
    task
}

/// A callback in a box, as programs without futures have it.
struct Request {
    number: u64,
    then: Box<dyn Fn(i32) -> i32>,
}
/// A trait of the program's own.
trait Completion {
    fn complete(&self, result: i32) -> i32;
}
struct Accepted {
    count: i32,
}
impl Completion for Accepted {
    fn complete(&self, result: i32) -> i32 { // here: complete
        self.count + result
    }
}
struct Boxed {
    number: u64,
    completion: Box<dyn Completion>,
}

fn main() {
    open();
    let tasks = [spawn(serve("future")), spawn(wait_indexed()), spawn(boxed())];
    let factor = tasks.len() as i32;
    let request = Box::new(Request {
        number: 1,
        then: Box::new(move |result| { // here: closure
            result * factor
        }),
    });
    arm("closure", &*request as *const Request as u64);
    let boxed = Box::new(Boxed { number: 2, completion: Box::new(Accepted { count: factor }) });
    arm("trait", &*boxed as *const Boxed as u64);
    println!("ready");
    unsafe {
        let fd = RING.lock().unwrap().as_ref().unwrap().fd as c_long;
        loop {
            syscall(ENTER, fd, 0 as c_long, 1 as c_long, 1 as c_long, 0 as c_long, 0 as c_long);
        }
    }
    #[allow(unreachable_code)]
    {
        println!("{}", (request.then)(request.number as i32));
        println!("{}", boxed.completion.complete(boxed.number as i32));
    }
}
