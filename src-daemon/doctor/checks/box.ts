import { broken, type Check, fine, type Subject, unseen, warning } from '../check.ts';

export function boxConfiguredCheck(subject: Pick<Subject, 'status'>): Check {
  return {
    name: 'box-configured',
    look: () => {
      const { box } = subject.status();
      return box === null
        ? broken('no box is known', 'run `bowline-box pair` on the box and `bowline pair --code CODE` here')
        : fine(`${box.name} at ${box.address}`);
    },
  };
}

export function boxReachableCheck(subject: Pick<Subject, 'status'>): Check {
  return {
    name: 'box-reachable',
    look: () => {
      const { state, carrying } = subject.status();
      if (state === 'protected') return fine(`the box answers over ${carrying.join(', ')}`);
      if (state === 'off') return unseen('protection is off', 'bowline on');
      return broken(`the state is ${state}`, 'check that the box runs and that its UDP port is not blocked');
    },
  };
}

export function boxVersionCheck(subject: Pick<Subject, 'status'>): Check {
  return {
    name: 'box-version',
    look: () => {
      const status = subject.status();
      const { box, daemon } = status.version;
      if (status.state === 'failed' && status.cause === 'box-version')
        return broken(status.detail, 'install the same version of Bowline on laptop and box');
      if (box === null) return unseen('the box has not told its version yet');
      return box === daemon
        ? fine(`both are ${daemon}`)
        : warning(`the box is ${box}, this laptop ${daemon}`, 'update the older one');
    },
  };
}
