/**
 * What this reader takes on. Sizes in an ELF file are claims: each is checked against the file first, and a
 * sparse file makes any claim true, so there is an end to what is read or kept as well.
 */

/** Section headers; a C++ object with a section for each function has some ten thousand. */
export const MAX_SECTIONS: number = 1 << 17;

/** Program headers; more than 65,535 only a core file has. */
export const MAX_SEGMENTS: number = 1 << 16;

/** Bytes of one section read whole. The largest string tables of browsers are below it. */
export const MAX_CONTENTS: number = 1 << 28;

/** Bytes of a name. Mangled C++ names reach some ten thousand. */
export const MAX_NAME: number = 1 << 16;

/** Bytes of all names that are kept at once: without it a thousand headers could share one long name. */
export const MAX_NAMES: number = 1 << 26;

/** Entries of one chain of version records. */
export const MAX_VERSIONS: number = 1 << 15;
