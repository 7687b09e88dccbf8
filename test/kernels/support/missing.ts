/** Something of the machine that these tests need and that is not there; the message says what, and how to get it. */
export class Missing extends Error {}
