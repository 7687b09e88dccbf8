export type RequestState =
  | 'prepared'
  | 'running'
  | 'queued'
  | 'polling'
  | 'waiting'
  | 'issued'
  | 'timeout'
  | 'linked'
  | 'drained'
  | 'completed'
  | 'overflowed';

export type Certainty = 'certain' | 'inferred' | 'ambiguous';
export type Source = 'kernel walk' | 'ring memory' | 'fdinfo' | 'stack' | 'trace';

/** One request of a ring, merged from every source that knows of it. */
export interface Request {
  /** `id` of its ring; null where it could belong to more than one. */
  readonly ring: number | null;
  readonly operation: string;
  readonly fd?: number | null;
  readonly fixedFile?: number | null;
  readonly path?: string;
  readonly offset?: number;
  readonly length?: number;
  readonly address?: string;
  readonly userData?: string;
  readonly flags?: readonly string[];
  readonly state: RequestState;
  /** Tid of the io-wq worker, or of the submitting thread, that carries it. */
  readonly worker?: number;
  /** Tid of the thread that submitted it, where the kernel's memory tells. */
  readonly submitter?: number;
  /** Seconds. */
  readonly age?: number;
  /** Seconds since a look of this inspection first saw it; it may be older. */
  readonly seen?: number;
  /** Seconds a timer was set for, and seconds until it fires; below 0 = it should have. */
  readonly timeout?: number;
  readonly timeLeft?: number;
  /** The CQE's res: a count or a negative errno. */
  readonly result?: number | null;
  /** Of what it is and that it is pending; of the fields named in `inferred` nothing is certain. */
  readonly certainty: Certainty;
  /** Fields that are a guess from the order of things: where it stands, which worker has it. */
  readonly inferred?: readonly ('state' | 'worker')[];
  readonly sources: readonly Source[];
  /** What the SQE asks for beyond the fields above, decoded by meaning: open flags, addresses, masks. */
  readonly operands?: readonly Operand[];
  /** Its place in the order of submission to its ring: the 32-bit position of its SQE. */
  readonly sequence?: number;
  /** The file its memory is a mapping of, where its worker waits in a page fault on it. */
  readonly bufferFile?: string;
  /** Index in `requests` of the one it waits behind: head of its link, or the write before it to the same file. */
  readonly after?: number;
  /**
   * The code it belongs to, as what its user_data leads to says: nearest first, then who waits for that. A guess but for
   * `submitted` and `recorded`, which stand before any other. */
  readonly origin?: readonly Origin[];
  /** Where it stands, more exactly than `state`, completing "it …": "waits for thread 4242 to run its completion". */
  readonly stage?: string;
}

export interface Operand {
  /** `open flags`, `peer`, `poll events`, `timeout`. */
  readonly name: string;
  /** As people read it: `O_RDONLY|O_CLOEXEC`, `127.0.0.1:80`, `POLLIN`, `5 s`. Text of the target may be in it. */
  readonly value: string;
}

/** One step from a request to the code that wants it. */
export interface Origin {
  /**
   * object: a structure that it points to; callback: a function that will be called; method: of an object's class;
   * coroutine: one suspended, and its caller; future: the same of Rust; code: user_data is itself an address of code;
   * goroutine: one that waits on a channel which user_data leads to, in `function`;
   * recorded: on the stack of the thread that submitted it, at that moment, as it was traced: exact;
   * submitted: on the stack of the thread that submitted it and waits for it still;
   * number: user_data is no address, `function` completes "user_data is …".
   */
  readonly kind:
    | 'object'
    | 'callback'
    | 'method'
    | 'coroutine'
    | 'future'
    | 'code'
    | 'goroutine'
    | 'submitted'
    | 'recorded'
    | 'number';
  /** Function, or type of the object, as the program's own names. */
  readonly function: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Where it was found: `user_data + 8`. */
  readonly found?: string;
  /** Of a goroutine its number. */
  readonly goroutine?: number;
}
