/**
 * Numbers as the kernel prints them. Each reader takes the whole text or answers undefined, and bounds
 * the digits, so that a hostile text is neither slow to convert nor infinite.
 */

const DECIMAL = /^-?\d{1,20}$/;
const HEX = /^(?:0x)?[0-9a-f]{1,16}$/i;
const OCTAL = /^[0-7]{1,12}$/;

export function decimal(text: string | undefined): number | undefined {
  return text !== undefined && DECIMAL.test(text) ? Number(text) : undefined;
}

/** With or without `0x`. */
export function hex(text: string | undefined): number | undefined {
  return text !== undefined && HEX.test(text) ? Number.parseInt(text, 16) : undefined;
}

export function octal(text: string | undefined): number | undefined {
  return text !== undefined && OCTAL.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** With or without `0x`. */
export function bigHex(text: string | undefined): bigint | undefined {
  if (text === undefined || !HEX.test(text)) {
    return undefined;
  }
  return BigInt(/^0x/i.test(text) ? text : `0x${text}`);
}

/** All of the white-space separated decimals, or undefined when one is not. */
export function decimals(text: string | undefined): number[] | undefined {
  if (text === undefined || text.length > 4096) {
    return undefined;
  }
  const numbers: number[] = [];
  for (const word of text.split(/\s+/)) {
    if (word === '') {
      continue;
    }
    const number = decimal(word);
    if (number === undefined) {
      return undefined;
    }
    numbers.push(number);
  }
  return numbers.length > 0 ? numbers : undefined;
}
