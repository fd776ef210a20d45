import {NBD_PORT} from './protocol.ts';

/** Where an NBD server is, and which of its exports is meant. */
export interface NbdAddress {
  connect: {path: string} | {host: string; port: number};
  exportName: string;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/;

/**
 * Reads `nbd://HOST[:PORT]/[EXPORT]` and `nbd+unix:///[EXPORT]?socket=PATH`. Hosts are this machine: the protocol has
 * neither encryption nor passwords here. A text says what is wrong.
 * @see NetworkBlockDevice/nbd, doc/uri.md
 */
export const parseNbdUri = (text: string): NbdAddress | string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return 'not a URI';
  let exportName: string;
  try {
    exportName = decodeURIComponent(url.pathname.replace(/^\//, ''));
  } catch {
    return 'the name of the export is not well encoded';
  }
  if (url.protocol === 'nbd+unix:') {
    const path = url.searchParams.get('socket');
    return path === null || path === '' ? 'it has to end with ?socket=PATH' : {connect: {path}, exportName};
  }
  const host = url.hostname === '' ? 'localhost' : url.hostname;
  if (!LOOPBACK.test(host)) return `${host} is not this machine: servers on localhost and Unix sockets can be used`;
  const port = url.port === '' ? NBD_PORT : Number(url.port);
  return {connect: {host: host.replace(/[[\]]/g, ''), port}, exportName};
};
