"""What every test needs: the scripts on the path, a float64 engine, one small model."""
import os
import sys

os.environ.setdefault('THEANO_FLAGS', 'floatX=float64,mode=FAST_COMPILE')
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
