import { broken, type Check, fine, type Subject } from '../check.ts';

/** That this can be asked at all proves the addon: the daemon does not start without it. */
export function tunDeviceCheck(subject: Pick<Subject, 'machine' | 'status'>): Check {
  return {
    name: 'tun-device',
    look: async () => {
      const status = subject.status();
      if ((await subject.machine.deviceNumber(TUN_FILE)) !== TUN_DEVICE_NUMBER)
        return broken(`${TUN_FILE} is missing`, 'sudo modprobe tun; in a container, hand the device in');
      if (status.state === 'failed' && status.cause === 'tun-unavailable')
        return broken(status.detail, 'start the service by its unit file, which gives it CAP_NET_ADMIN');
      return fine(`${TUN_FILE} is there, and the addon is loaded`);
    },
  };
}

const TUN_FILE = '/dev/net/tun';
const TUN_DEVICE_NUMBER = '10:200';
