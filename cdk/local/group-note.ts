import type { GroupEvent } from './ec2/member-group.ts';
import { endpointText } from './options.ts';

/** What a person at the terminal is told of the group; nothing of what the states say anyway. */
export function groupNote(event: GroupEvent, replaceAfterMs: number): string | undefined {
  const seconds = replaceAfterMs / 1_000;
  switch (event.kind) {
    case 'launched':
      return undefined;
    case 'leaving':
      return `${member(event)} is to be terminated (${event.cause}); it is emptied first`;
    case 'left':
      return `${member(event)} is terminated`;
    case 'ended':
      return `${member(event)} is dead (${event.how}); a new one takes its place in ${seconds} s`;
    case 'no-launch':
      return `a member could not be launched (${event.reason}); tried again in ${seconds} s`;
    case 'desired':
      return `the group is to have ${counted(event.desired)} (${event.cause})`;
    case 'refresh': {
      const { status, percentage, left } = event.report;
      return `instance refresh: ${status}, ${percentage} %, ${left} to go`;
    }
  }
}

function counted(members: number): string {
  return members === 1 ? '1 member' : `${members} members`;
}

function member({ instance }: Extract<GroupEvent, { kind: 'leaving' | 'left' | 'ended' }>): string {
  return `member ${instance.id} at ${instance.endpoints.map(endpointText).join(', ')}`;
}
