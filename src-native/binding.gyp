{
  'variables': { 'sanitize%': 'false' },
  'targets': [
    {
      'target_name': 'bowline',
      'sources': [
        'src/addon.cc',
        'src/address_table.cc',
        'src/aead.cc',
        'src/arena.cc',
        'src/deadline_timer.cc',
        'src/errors.cc',
        'src/host.cc',
        'src/js.cc',
        'src/key_table.cc',
        'src/netlink.cc',
        'src/netlink_messages.cc',
        'src/poll.cc',
        'src/tun.cc',
        'src/udp_receive.cc',
        'src/udp_send.cc',
        'src/udp_socket.cc',
        'src/wrapped_object.cc',
      ],
      'defines': ['NAPI_VERSION=8', '_GNU_SOURCE'],
      'cflags': ['-fvisibility=hidden', '-fstack-protector-strong', '-Wall', '-Wextra'],
      'cflags!': ['-Wno-unused-parameter'],
      'cflags_cc': ['-std=c++17', '-fexceptions'],
      'cflags_cc!': ['-fno-exceptions', '-std=gnu++17', '-std=gnu++20'],
      'ldflags': ['-Wl,-z,relro,-z,now'],
      'configurations': {
        'Release': { 'cflags!': ['-O3'], 'cflags': ['-O2'], 'defines': ['_FORTIFY_SOURCE=2'] },
      },
      'conditions': [
        ['sanitize=="true"', {
          'cflags': [
            '-fsanitize=address,undefined',
            '-fno-sanitize-recover=undefined',
            '-fno-omit-frame-pointer',
            '-g',
          ],
          'ldflags': ['-fsanitize=address,undefined'],
        }],
      ],
    },
  ],
}
