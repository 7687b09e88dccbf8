import type { Blindness, Sample, UserFrame } from '../model/sample';
import type { BinaryFacts } from './binaryFacts';
import { LEFT_OUT } from './threadChoice';

/** Binaries that are told of; the first have the frames nearest to what waits. */
const MOST_BINARIES = 4;
const LINES = 'source lines of ';
const FUNCTIONS = 'functions of ';
const SOURCE = 'the source of ';
const NO_NAME = /^0x[0-9a-f]+ in code made while it runs/;
/** Libraries of distributions: users look for their own code. */
const SYSTEM_LIBRARY = /^\/(?:usr\/)?lib(?:32|64|x32)?\/(?:.*\/)?[^/]+\.so[^/]*$/;

interface Runtime {
  readonly binary: RegExp;
  /** Completes "functions of …". */
  readonly what: string;
  /** Its code is interpreted by functions of C: frames of the interpreter stand for it. */
  readonly interprets: boolean;
  readonly remedy?: string;
}

const RUNTIMES: readonly Runtime[] = [
  {
    binary: /\/(?:libpython\d[^/]*|python[\d.]*)$/,
    what: 'the Python script',
    interprets: true,
    remedy: 'start it with python -X perf (3.12 and later)',
  },
  {
    binary: /\/(?:node|nodejs|libnode\.so[^/]*)$/,
    what: 'the JavaScript program',
    interprets: true,
    remedy: 'start it with node --perf-basic-prof --interpreted-frames-native-stack',
  },
  {
    binary: /\/libjvm\.so$/,
    what: 'the Java program',
    interprets: false,
    remedy: 'have them written down: jcmd PID Compiler.perfmap (JDK 17 and later)',
  },
  {
    binary: /\/libcoreclr\.so$/,
    what: 'the .NET program',
    interprets: false,
    remedy: 'start it with DOTNET_PerfMapEnabled=1',
  },
  { binary: /\/(?:ruby[\d.]*|libruby[^/]*)$/, what: 'the Ruby script', interprets: true },
  { binary: /\/(?:perl[\d.]*|libperl\.so[^/]*)$/, what: 'the Perl script', interprets: true },
  { binary: /\/(?:php(?:-fpm|-cgi)?[\d.]*|libphp[^/]*\.so)$/, what: 'the PHP script', interprets: true },
  { binary: /\/(?:lua(?:jit)?[\d.-]*|liblua[^/]*\.so[^/]*)$/, what: 'the Lua script', interprets: true },
];

/** What of the program's own source its stacks do not tell, and how it would be told. `factsOf`: of a binary as frames call it. */
export function blindSources(
  sample: Sample,
  factsOf: (binary: string) => BinaryFacts | undefined,
): Blindness[] {
  const frames = sample.tasks.flatMap(({ userStack = [] }) => userStack);
  const runtime = RUNTIMES.find(({ binary: pattern }) =>
    frames.some(({ binary }) => binary !== undefined && pattern.test(binary)),
  );
  const binaries = new Map<string, UserFrame[]>();
  for (const frame of frames) {
    const { binary } = frame;
    if (binary === undefined || binary.startsWith('[') || SYSTEM_LIBRARY.test(binary)) continue;
    if (runtime?.binary.test(binary)) continue;
    const others = binaries.get(binary);
    if (others) others.push(frame);
    else binaries.set(binary, [frame]);
  }
  const rows = [...binaries].flatMap(([binary, own]) => {
    const facts = factsOf(binary);
    const row = facts && blindBinary(binary, own, facts);
    return row ? [row] : [];
  });
  return [...ofRuntime(frames, runtime), ...rows.slice(0, MOST_BINARIES)];
}

/** Whether a row is one of these. */
export function isBlindSource({ what }: Blindness): boolean {
  return [LINES, FUNCTIONS, SOURCE, LEFT_OUT].some((beginning) => what.startsWith(beginning));
}

function blindBinary(
  binary: string,
  frames: readonly UserFrame[],
  { debug, named, why, buildId, replaced }: BinaryFacts,
): Blindness | undefined {
  const name = binary.slice(binary.lastIndexOf('/') + 1);
  const id = buildId === undefined ? '' : ` (build-id ${buildId})`;
  const what = `${LINES}${name}`;
  if (debug === 'unknown') {
    const remedy = WITHOUT_RIGHT.find(([pattern]) => pattern.test(why ?? ''))?.[1];
    return { what, why: why ?? 'it cannot be read', ...(remedy === undefined ? {} : { remedy }) };
  }
  if (debug === 'of another build')
    return {
      what,
      why: 'the debug information that is there belongs to another build',
      remedy: `install that of the build that runs${id}, or restart the program if it was replaced`,
    };
  if (debug === 'present')
    return replaced
      ? {
          what: `${SOURCE}${name}`,
          why: 'another build lies at its path by now, or none: lines are those of the build that runs',
          remedy: 'restart the program, or compare with the source it was built from',
        }
      : undefined;
  if (frames.some(({ line }) => line !== undefined)) return undefined;
  return {
    what,
    why: `it has no debug information${named ? '' : ' and was stripped of its functions’ names'}`,
    remedy: `compile it with -g, or install its -dbgsym or -debuginfo package${id}, or name a server of debuginfod (debuginfod.urls, --debuginfod)`,
  };
}

const WITHOUT_RIGHT: readonly (readonly [RegExp, string])[] = [
  [
    /without root$/,
    'run with sudo: CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE leads to the files that a process has mapped',
  ],
  [/^another file has its name/, 'run with sudo, which reads the build that runs, or restart the program'],
];

/** Of what a perf map names only the place is known where it begins. */
const isBeginning = ({ binary, line }: UserFrame): boolean => binary === undefined && line !== undefined;
const BEGINNINGS: Blindness = {
  what: `${LINES}the JavaScript program`,
  why: 'of its functions it is told where each begins, not where in it they wait',
};

function ofRuntime(frames: readonly UserFrame[], runtime: Runtime | undefined): Blindness[] {
  const isNamed = frames.some(({ binary, function: name }) => binary === undefined && !NO_NAME.test(name));
  if (isNamed) return frames.some(isBeginning) ? [BEGINNINGS] : [];
  const hasCode = frames.some(({ function: name }) => NO_NAME.test(name));
  if (runtime && (runtime.interprets || hasCode)) {
    const { what, interprets, remedy } = runtime;
    const why = interprets
      ? 'the stacks show its interpreter’s own functions; its script’s are not read'
      : 'they are made while it runs, and nothing tells their names';
    return [{ what: `${FUNCTIONS}${what}`, why, ...(remedy === undefined ? {} : { remedy }) }];
  }
  if (!hasCode) return [];
  return [
    {
      what: `${FUNCTIONS}code made while the program runs`,
      why: 'they are in no file, and there is no /tmp/perf-PID.map with their names',
      remedy: 'have the program write one, if its compiler can',
    },
  ];
}
