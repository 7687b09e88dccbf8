import { fieldOf } from './lines';
import { decimal } from './numbers';

export interface FuseFdinfo {
  /** The directory of /sys/fs/fuse/connections that this /dev/fuse descriptor serves; absent before 6.17. */
  readonly connection?: number;
}

export function parseFuse(text: string): FuseFdinfo {
  const connection = decimal(fieldOf(text, 'fuse_connection'));
  return connection === undefined ? {} : { connection };
}
