import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {refuseError} from './open-file.ts';
import type {StorageError} from './storage.ts';

/** Paths of the files in a directory whose names end so, in the order of their names. */
export const filesIn = (directory: string, suffix: string): readonly string[] | StorageError => {
  try {
    return readdirSync(directory, {withFileTypes: true})
      .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
      .map(({name}) => join(directory, name))
      .sort();
  } catch (error) {
    return refuseError(directory, error);
  }
};
