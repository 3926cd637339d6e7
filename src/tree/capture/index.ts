/** Captures: all tasks and open files of a machine in a file. */
export { CaptureError, type CaptureProblem } from './errors.ts';
export { openCapture } from './open.ts';
export { type Capture, readCapture } from './read.ts';
export { saveCapture } from './save.ts';
export { type CaptureHost, encodeCapture } from './write.ts';
