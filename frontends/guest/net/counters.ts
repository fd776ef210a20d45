const newIpCounters = () => ({
  inReceives: 0,
  inHdrErrors: 0,
  inAddrErrors: 0,
  inUnknownProtos: 0,
  inFragments: 0,
  inDelivers: 0,
  forwarded: 0,
  outRequests: 0,
  outDiscards: 0,
  outNoRoutes: 0,
});

const newIcmpCounters = () => ({
  inMsgs: 0,
  inErrors: 0,
  inDestUnreachs: 0,
  inEchos: 0,
  inEchoReps: 0,
  outEchos: 0,
  outEchoReps: 0,
  outDestUnreachs: 0,
  outTimeExcds: 0,
  outErrors: 0,
});

/** Protocol counters, by the names that netstat -s and SNMP use (RFC 4293, RFC 4113, RFC 4022). */
export const newCounters = () => ({
  arp: {inRequests: 0, inReplies: 0, inErrors: 0, outRequests: 0, outReplies: 0, resolveFailures: 0},
  ip: newIpCounters(),
  icmp: newIcmpCounters(),
  ip6: newIpCounters(),
  icmp6: newIcmpCounters(),
  udp: {inDatagrams: 0, noPorts: 0, inErrors: 0, rcvbufErrors: 0, outDatagrams: 0},
  tcp: {
    activeOpens: 0,
    passiveOpens: 0,
    attemptFails: 0,
    estabResets: 0,
    inSegs: 0,
    outSegs: 0,
    retransSegs: 0,
    inErrs: 0,
    outRsts: 0,
    listenDrops: 0,
  },
});

export type NetCounters = ReturnType<typeof newCounters>;

/** What ifconfig and netstat -i show of one interface. */
export const newInterfaceCounters = () => ({
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxDropped: 0,
  txPackets: 0,
  txBytes: 0,
  txDropped: 0,
});

export type InterfaceCounters = ReturnType<typeof newInterfaceCounters>;
