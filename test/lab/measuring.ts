/**
 * The lab's files that measure gaps, rates or what is lost under load: two homes at once would measure each other. They
 * run one by one, all others two at a time.
 */
export const MEASURING_FILES: readonly string[] = [
  'both-gone',
  'command-line',
  'emulator',
  'fault-times',
  'garbage',
  'handshake-flood',
  'ipv6-changes',
  'ipv6-inside',
  'kills',
  'least-privilege',
  'leaving',
  'network-manager',
  'one-subnet',
  'others',
  'outside-addresses',
  'packet-size',
  'pairing-flood',
  'random-faults',
  'rules-faults',
  'rules-starts',
  'several-laptops',
  'sleep',
  'toggling',
].map((name) => `test/lab/${name}.lab.test.ts`);
