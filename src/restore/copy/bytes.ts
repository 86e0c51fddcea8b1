/** Bytes of COPY text, in ASCII. */
export const tab = 9;
export const newline = 10;
export const carriageReturn = 13;
export const space = 32;
export const backslash = 92;
