/** Milliseconds a search may take before it says that it is under way. */
const PATIENCE = 500;

/** Tells on a terminal how far the search of the kernel's memory is; says nothing where nobody looks, or where it is quick. */
export function searchProgress(
  out: NodeJS.WriteStream,
  now: () => number = () => performance.now(),
): (fraction: number) => void {
  const started = now();
  let said = false;
  return (fraction) => {
    if (!out.isTTY || now() - started < PATIENCE) return;
    if (fraction >= 1) {
      if (said) out.write('\r\u001b[K');
      return;
    }
    said = true;
    out.write(
      `\rSearching the kernel's memory for requests that stand on no list: ${Math.floor(fraction * 100)} %`,
    );
  };
}
