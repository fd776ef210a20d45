import {XsClient, XsError} from '../../hypervisor/xenstore/index.ts';
import {connectSocket} from '../../hypervisor/xenstore/socket.ts';
import {ToolstackError} from '../errors.ts';

/** The store that the arguments or the environment name. */
export const storeSocket = async (asked: string | undefined): Promise<string> => {
  const named = asked ?? process.env.XENSTORED_PATH;
  if (named !== undefined && named !== '') return named;
  const {findHome} = await import('../daemon/home.ts');
  return findHome().xenstoreSocket;
};

/** Runs `work` with a client of the store; what the store refuses becomes one line and exit status 1. */
export const withStore = async (socket: string | undefined, work: (xs: XsClient) => Promise<void>): Promise<void> => {
  const path = await storeSocket(socket);
  const transport = await connectSocket(path).catch((error: NodeJS.ErrnoException) => {
    throw new ToolstackError(error.code ?? 'EIO', `pvsim: no xenstored at ${path} (${error.code})`);
  });
  const xs = new XsClient(transport);
  try {
    await work(xs);
  } catch (error) {
    throw error instanceof XsError ? new ToolstackError(error.errno, `pvsim: ${error.path}: ${error.errno}`) : error;
  } finally {
    xs.close();
  }
};
