# A TAP device whose frames are lines of hex, each way:
#   perl raw-station.pl DEVICE
# Perl, because nothing else that every Debian has can make a TAP device.
use strict;
use warnings;

my ($name) = @ARGV;
my $TUNSETIFF = 0x400454ca;
my $IFF_TAP_NO_PI = 0x1002;
my $frame_bytes_max = 2_000;

open(my $tap, '+<', '/dev/net/tun') or die "/dev/net/tun: $!";
ioctl($tap, $TUNSETIFF, pack('a16 S x22', $name, $IFF_TAP_NO_PI)) or die "$name: $!";
$| = 1;
print "ready\n";
my $typed = '';
while (1) {
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for $tap, \*STDIN;
  select($ready, undef, undef, undef);
  if (vec($ready, fileno($tap), 1)) {
    sysread($tap, my $frame, $frame_bytes_max) or next;
    print unpack('H*', $frame), "\n";
  }
  if (vec($ready, fileno(STDIN), 1)) {
    sysread(STDIN, $typed, 65_536, length $typed) or exit;
    syswrite($tap, pack('H*', $1)) while $typed =~ s/^([0-9a-f]*)\n//;
  }
}
