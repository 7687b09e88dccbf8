// Traits, closures, iterators, generics: what Rust inlines most of.
use std::collections::HashMap;

mod store {
    pub trait Task {
        fn cost(&self) -> u64;
    }

    pub struct Read {
        pub bytes: u64,
    }

    pub struct Write<T> {
        pub items: Vec<T>,
    }

    impl Task for Read {
        fn cost(&self) -> u64 {
            self.bytes.checked_div(512).unwrap_or(0) + 1
        }
    }

    impl<T: Copy + Into<u64>> Task for Write<T> {
        fn cost(&self) -> u64 {
            self.items.iter().map(|item| (*item).into()).filter(|size| size % 2 == 0).sum()
        }
    }
}

use store::{Read, Task, Write};

fn summary(tasks: &[Box<dyn Task>]) -> HashMap<u64, usize> {
    let mut counts = HashMap::new();
    for task in tasks {
        *counts.entry(task.cost() % 7).or_insert(0) += 1;
    }
    counts
}

fn main() {
    let many = std::env::args().count() as u64 * 20;
    let tasks: Vec<Box<dyn Task>> = (0..many)
        .map(|at| -> Box<dyn Task> {
            if at % 3 == 0 {
                Box::new(Read { bytes: at * 700 })
            } else {
                Box::new(Write { items: (0..at as u32).collect::<Vec<_>>() })
            }
        })
        .collect();
    let mut rows: Vec<_> = summary(&tasks).into_iter().collect();
    rows.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
    for (cost, count) in rows {
        println!("{cost}: {count}");
    }
}
