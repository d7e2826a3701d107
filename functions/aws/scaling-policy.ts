import type { MemberCaller } from '#functions/store/member-caller.ts';
import type { SignedPost } from './signed-post.ts';

const apiVersion = '2011-01-01';

/**
 * {@link MemberCaller} by a scaling policy of the group that adds one machine, if the group is to
 * have none. Who finds nobody active cannot know that: members that are late, or replaced, were
 * called already, and an exact number would take away what a schedule or a person wanted a second
 * ago. Should the group change between the two questions, there is one too many for a while.
 */
export class ScalingPolicy implements MemberCaller {
  readonly #autoScaling: SignedPost;
  readonly #groupName: string;
  readonly #policyArn: string;

  constructor(autoScaling: SignedPost, groupName: string, policyArn: string) {
    this.#autoScaling = autoScaling;
    this.#groupName = groupName;
    this.#policyArn = policyArn;
  }

  async call(): Promise<'called' | 'on-the-way'> {
    const group = await this.#ask('DescribeAutoScalingGroups', {
      'AutoScalingGroupNames.member.1': this.#groupName,
    });
    const desired = /<DesiredCapacity>(\d+)<\/DesiredCapacity>/.exec(group)?.[1];
    if (desired === undefined) throw new Error(`there is no group ${this.#groupName}`);
    if (desired !== '0') return 'on-the-way';
    // No cooldown: it would be that of the last one's going, and somebody waits.
    await this.#ask('ExecutePolicy', { PolicyName: this.#policyArn, HonorCooldown: 'false' });
    return 'called';
  }

  async #ask(action: string, input: Readonly<Record<string, string>>): Promise<string> {
    const form = new URLSearchParams({ Action: action, Version: apiVersion, ...input });
    const type = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const { status, text } = await this.#autoScaling.post(type, form.toString());
    if (status === 200) return text;
    const code = /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? `HTTP ${status}`;
    throw new Error(`${action}: ${code}`);
  }
}
