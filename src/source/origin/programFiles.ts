/** Files of compilers, system headers, and packages: not what a program's author wrote. */
const LIBRARY =
  /^\/usr\/(?:include|lib|src|share)\/|^\/rustc\/|\/rustlib\/|\/\.cargo\/(?:registry|git)\/|\/include\/(?:c\+\+|boost|asio)\/|^(?:\.\.?\/)+|^\/build\/|\/sysdeps\/|\/go\/src\/runtime\//;

export function isProgramFile(file: string | undefined): file is string {
  return file !== undefined && !LIBRARY.test(file);
}

const SYSTEM =
  /^(?:\/usr)?\/lib(?:64|32)?\/.*\.so(?:\.|$)|\/(?:libc|libstdc\+\+|libc\+\+|ld-linux[^/]*|libpthread)[.-][^/]*$|^\[/;

/** A library that the system brings. */
export function isSystemImage(path: string): boolean {
  return SYSTEM.test(path);
}
