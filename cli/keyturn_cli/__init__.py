"""`keyturn`: the operator's command, for a deployed stack or the embedded one."""
