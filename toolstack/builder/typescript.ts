import {register} from 'node:module';

const registered = new Set<string>();

/** Imports a TypeScript module, whose own imports may be TypeScript, too. */
export const importTypescript = async (url: string): Promise<unknown> => {
  const directory = new URL('./', url).href;
  if (!registered.has(directory)) {
    registered.add(directory);
    register('./module-format.js', {parentURL: import.meta.url, data: directory});
  }
  const {tsImport} = await import('tsx/esm/api');
  return tsImport(url, import.meta.url);
};
