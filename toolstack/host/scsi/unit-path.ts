import {resolve} from 'node:path';
import {isElsewhere} from '../disk-target.ts';

/** What stands behind a unit, with an absolute path: of an image behind its format. What is no file stands as it is. */
export const unitPath = (path: string, baseDir: string): string => {
  if (path === '' || isElsewhere(path)) return path;
  const [, format = '', file] = /^((?:qcow2|vhd):)?(.*)$/s.exec(path) ?? [];
  return `${format}${resolve(baseDir, file)}`;
};

/** An item of `vscsi` that means the same in any directory. */
export const absoluteVscsiSpec = (spec: string, baseDir: string): string =>
  spec.replace(/^\s*([a-z]+:)([^,]*?)\s*(?=,)/, (_, kind: string, path: string) => `${kind}${unitPath(path, baseDir)}`);
