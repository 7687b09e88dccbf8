import { type ErrorCode, UserError } from '../model/errors';

/** What went wrong with one look, in words for the user; the inspection goes on where it can. */
export interface InspectionProblem {
  readonly code: ErrorCode | 'internal';
  readonly what: string;
  readonly why: string;
  readonly remedy?: string;
}

/** `what` is said of an error that carries no words for the user. */
export function problemOf(error: unknown, what: string): InspectionProblem {
  if (error instanceof UserError) {
    const { code, what: told, why, remedy } = error;
    return { code, what: told, why, ...(remedy === undefined ? {} : { remedy }) };
  }
  return { code: 'internal', what, why: error instanceof Error ? error.message : String(error) };
}
