# A line between two TAP devices that delays every frame and loses some, for kernels without netem:
#   perl line.pl DEVICE DEVICE DELAY-SECONDS LOSS-PERCENT SEED
# Perl, because nothing else that every Debian has can make a TAP device.
use strict;
use warnings;

my ($left, $right, $delay, $loss, $seed) = @ARGV;
my $TUNSETIFF = 0x400454ca;
my $IFF_TAP_NO_PI = 0x1002;
my $frame_bytes_max = 2_000;
my $waiting_max = 20_000;

sub tap {
  my ($name) = @_;
  open(my $tap, '+<', '/dev/net/tun') or die "/dev/net/tun: $!";
  my $request = pack('a16 S x22', $name, $IFF_TAP_NO_PI);
  ioctl($tap, $TUNSETIFF, $request) or die "$name: $!";
  return $tap;
}

sub now {
  open(my $uptime, '<', '/proc/uptime') or die "/proc/uptime: $!";
  my ($seconds) = split(' ', <$uptime>);
  return $seconds;
}

my @ends = (tap($left), tap($right));
my @waiting;    # [due, end, frame], in order
srand($seed);
$| = 1;
print "ready\n";
while (1) {
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for @ends;
  my $wait = @waiting ? $waiting[0][0] - now() : undef;
  $wait = 0 if defined $wait && $wait < 0;
  select($ready, undef, undef, $wait);
  my $now = now();
  for my $end (0, 1) {
    next unless vec($ready, fileno($ends[$end]), 1);
    sysread($ends[$end], my $frame, $frame_bytes_max) or next;
    next if rand(100) < $loss || @waiting >= $waiting_max;
    push @waiting, [$now + $delay, 1 - $end, $frame];
  }
  while (@waiting && $waiting[0][0] <= $now) {
    my (undef, $end, $frame) = @{ shift @waiting };
    syswrite($ends[$end], $frame);    # a device that is down loses it, like any line
  }
}
