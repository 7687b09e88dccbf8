import fc from 'fast-check';

/** A property tries new cases for 20 s at most, on a machine however slow; how many it wants to try it says itself. */
fc.configureGlobal({ interruptAfterTimeLimit: 20_000 });
