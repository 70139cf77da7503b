"""WS-Management (DSP0226, DSP0227, DSP0230): the second face of the WBEM server, a codec without sockets."""
