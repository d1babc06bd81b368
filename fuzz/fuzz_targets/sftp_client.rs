#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ftpkit_test::fuzz::sftp_client(data));
