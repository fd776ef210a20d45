import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {repliesWith} from '../../mutants/xenstored.ts';

export const storeWireChecks: readonly Check[] = [
  check(
    'xenstored',
    'XS-WIRE-02',
    async (stand) => {
      const client = stand.client();
      const requests: [type: number, payload: string, error?: string][] = [
        [XS.MKDIR, '/conform\0'],
        [XS.READ, '/conform\0'],
        [XS.READ, '/conform/none\0', 'ENOENT'],
        [XS.READ, 'no//path\0', 'EINVAL'],
        [XS.DIRECTORY, '/conform\0'],
      ];
      for (const [type, payload, error] of requests) {
        const {message, ...reply} = await stand.ask(client, type, payload);
        const due = error === undefined ? type : XS.ERROR;
        stand.must(message.type === due, `type ${message.type} for ${type} ${payload}`, `type ${due}`);
        stand.must(message.txId === 0, `tx_id ${message.txId}`, 'tx_id 0, as it was asked');
        stand.must(reply.error === error, `error ${reply.error}`, `error ${error}`);
        if (error !== undefined)
          stand.must(message.payload === `${error}\0`, JSON.stringify(message.payload), 'the name and a NUL');
      }
    },
    {
      mutants: [
        repliesWith('forgets the NUL of an error', (message) =>
          message.type === XS.ERROR ? {...message, payload: message.payload.replace('\0', '')} : message,
        ),
        repliesWith('answers with tx_id 1', (message) => ({...message, txId: 1})),
      ],
    },
  ),
];
