import {readFileSync} from 'node:fs';

/** Version in our package.json, which stands above both the sources and what is compiled from them. */
export const packageVersion = (): string => {
  for (let directory = new URL('./', import.meta.url); ; directory = new URL('../', directory)) {
    try {
      const {name, version} = JSON.parse(readFileSync(new URL('package.json', directory), 'utf8')) as Package;
      if (name === 'pvsim') return version;
    } catch {
      // Not here: look further up.
    }
    if (directory.pathname === '/') return 'unknown';
  }
};

interface Package {
  name: string;
  version: string;
}
