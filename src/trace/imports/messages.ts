/** What is said about imports. */

export const notFound = (path: string): string => `import "${path}": no such file or directory`;
export const unreadable = (path: string, why: string): string => `import "${path}": cannot be read: ${why}`;
export const worldWritable = (path: string): string =>
  `import "${path}": everybody may write to this directory, so nothing is taken from it`;
export const unknownKind = (path: string): string =>
  `import "${path}": only .bt and .h files, and directories of them, can be imported`;
export const needsCompiler = (path: string): string =>
  `import "${path}": C for BPF is not compiled into scripts here; write it as fn or macro in a .bt file`;
export const needsLinker = (path: string): string =>
  `import "${path}": compiled objects are not linked into scripts here; write it as fn or macro in a .bt file`;
export const configInImport = (path: string): string =>
  `import "${path}": config is only allowed in the script itself`;
export const nothingToImport = (path: string): string =>
  `import "${path}": the directory has no .bt or .h file`;
export const tooDeep = (path: string): string => `import "${path}": imports are nested too deeply`;
