import {
  AmazonLinuxCpuType,
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  type ISecurityGroup,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MachineImage,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import { type IInstanceProfile, InstanceProfile, type IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/** Of the root disk: the image, the program, some days of journal. */
export const memberDiskGb = 8;

export interface MemberTemplatesProps {
  readonly role: IRole;
  readonly securityGroup: ISecurityGroup;
  readonly userData: string;
  /** Preferred first. */
  readonly instanceTypes: {
    readonly arm64: readonly string[];
    readonly x86_64: readonly string[];
  };
}

/** One launch template per processor: an image is for one. In all else they are equal. */
export class MemberTemplates extends Construct {
  readonly arm64: LaunchTemplate;
  readonly x86: LaunchTemplate;

  constructor(scope: Construct, id: string, props: MemberTemplatesProps) {
    super(scope, id);
    const { arm64, x86_64: x86 } = props.instanceTypes;
    // As in network.ts: the library's own types disagree.
    const instanceProfile = new InstanceProfile(this, 'Profile', {
      role: props.role,
    }) as IInstanceProfile;
    const common = { ...props, instanceProfile };
    this.arm64 = this.template('Arm64', AmazonLinuxCpuType.ARM_64, arm64[0], common);
    this.x86 = this.template('X86', AmazonLinuxCpuType.X86_64, x86[0], common);
  }

  private template(
    id: string,
    cpuType: AmazonLinuxCpuType,
    instanceType: string | undefined,
    props: MemberTemplatesProps & { readonly instanceProfile: IInstanceProfile },
  ): LaunchTemplate {
    return new LaunchTemplate(this, id, {
      machineImage: MachineImage.latestAmazonLinux2023({ cpuType }),
      ...(instanceType !== undefined && { instanceType: new InstanceType(instanceType) }),
      instanceProfile: props.instanceProfile,
      securityGroup: props.securityGroup,
      associatePublicIpAddress: true,
      httpTokens: LaunchTemplateHttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      // No by name: with tags in the metadata, which an account may have by default, EC2 launches
      // nothing whose tags have a blank or a slash in their keys, and stacks' tags reach machines.
      instanceMetadataTags: false,
      detailedMonitoring: true, // the guards look each minute, not each five
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: BlockDeviceVolume.ebs(memberDiskGb, {
            encrypted: true,
            deleteOnTermination: true, // whatever the image says of its own
            volumeType: EbsDeviceVolumeType.GP3,
          }),
        },
      ],
      userData: UserData.custom(props.userData),
    });
  }
}
