import fc from 'fast-check';

/** A property tries 100 cases where it says no number, and new ones for 20 s at most, on a machine however slow. */
fc.configureGlobal({ numRuns: 100, interruptAfterTimeLimit: 20_000 });
