"""Where one image lies in another one."""
